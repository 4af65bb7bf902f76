"""Sums and counts over the whole store, and the last of what is kept about one person."""
