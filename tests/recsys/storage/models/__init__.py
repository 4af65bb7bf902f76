"""Tests of recsys.storage.models."""
