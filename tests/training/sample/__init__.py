"""What the demo is trained on."""
