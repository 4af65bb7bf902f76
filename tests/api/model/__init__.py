"""Tests of api.model."""
