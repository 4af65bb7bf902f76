"""What clients send: events in any spelling, consents, keys."""
