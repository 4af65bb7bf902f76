"""Lists that were asked for and are made in the background."""
