"""Tests of training.demo."""
