"""Where this service calls by itself, and what it said there."""
