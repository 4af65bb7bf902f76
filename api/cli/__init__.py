"""The commands that serve and export."""
