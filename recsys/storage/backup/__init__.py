"""Copies of a whole store: made while it serves, put back, moved to another kind of store."""
