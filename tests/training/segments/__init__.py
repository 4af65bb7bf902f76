"""Tests of training.segments."""
