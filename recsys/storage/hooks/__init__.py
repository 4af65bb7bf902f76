"""What tools sent by themselves, as it came."""
