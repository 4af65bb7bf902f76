"""Commands as people see them."""
