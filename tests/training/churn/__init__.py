"""Tests of what training does for the churn question."""
