"""What is kept of placements."""
