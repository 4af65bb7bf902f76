"""What happened: appended, durable, each event once."""
