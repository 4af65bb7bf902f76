"""Tests of recsys.storage.events."""
