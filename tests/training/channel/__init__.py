"""Tests of what training does for the channel question."""
