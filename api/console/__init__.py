"""The console: what is served, why, and whether it pays. Loaded when it is first looked at."""
