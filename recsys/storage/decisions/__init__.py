"""What was decided, with which probability."""
