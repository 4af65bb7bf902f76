"""Users grouped by behaviour or traits at a date."""
