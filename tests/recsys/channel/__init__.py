"""Which channel next."""
