"""Policies learnt from logs."""
