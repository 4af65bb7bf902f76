"""Experiments that were saved, who took part in them, and what came of it."""
