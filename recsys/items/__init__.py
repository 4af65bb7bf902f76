"""Which items, in which order."""
