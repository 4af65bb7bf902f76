"""How good an answer was, and how sure one can be."""
