"""Tests of how users are grouped."""
