"""Churn and value for any file with users, times and amounts."""
