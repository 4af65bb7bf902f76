"""Tests of training.value."""
