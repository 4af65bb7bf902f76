"""Tests of the drawn report."""
