"""Tests of how likely users are to churn."""
