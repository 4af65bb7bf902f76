"""Tests of recsys.value."""
