"""What the demo is trained on: a real shop, and simulated messages to its users."""
