"""Tests of what training does for the items question."""
