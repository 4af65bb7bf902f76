"""What a page loads: the snippet, the loader, and their types."""
