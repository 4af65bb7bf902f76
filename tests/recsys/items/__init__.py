"""Tests of recsys.items."""
