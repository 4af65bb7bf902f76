"""From files to validated events in the log."""
