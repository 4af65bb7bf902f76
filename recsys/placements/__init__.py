"""Placements: where a list is shown, what it is made of and which rules it obeys."""
