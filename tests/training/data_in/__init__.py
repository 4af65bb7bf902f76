"""Tests of training.data_in."""
