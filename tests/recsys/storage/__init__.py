"""What is kept comes back, or is refused."""
