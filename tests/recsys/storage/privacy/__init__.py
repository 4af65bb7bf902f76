"""Tests of recsys.storage.privacy."""
