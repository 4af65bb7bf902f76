"""Tests of recsys.algorithms."""
