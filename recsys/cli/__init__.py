"""What every command stands on: how commands are found, configured, shown and stopped."""
