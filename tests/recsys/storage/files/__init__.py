"""Tests of recsys.storage.files."""
