"""What the tools of others hand over and take back: one table a tool, one engine for all."""
