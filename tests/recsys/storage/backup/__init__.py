"""Tests of copies of a whole store."""
