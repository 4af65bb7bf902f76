"""Tests of recsys.storage.users."""
