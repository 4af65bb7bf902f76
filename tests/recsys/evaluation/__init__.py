"""Estimates and what is kept of judgements."""
