"""The domain: what a user should see next, through which channel, and whether they will stay."""
