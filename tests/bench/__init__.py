"""How fast, as ratios to a bare route in the same run."""
