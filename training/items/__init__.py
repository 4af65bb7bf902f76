"""Which items, in which order: choosing, fitting, measuring."""
