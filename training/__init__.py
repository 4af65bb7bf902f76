"""The shell that turns data into a bundle."""
