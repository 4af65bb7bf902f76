"""Tests of recsys.cli."""
