"""The session at hand."""
