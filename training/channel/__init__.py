"""Which channel next: choosing, fitting, measuring."""
