"""Tests of recsys.storage.decisions."""
