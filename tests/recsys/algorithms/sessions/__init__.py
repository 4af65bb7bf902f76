"""Tests of recsys.algorithms.sessions."""
