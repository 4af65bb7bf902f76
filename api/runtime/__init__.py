"""What a worker runs on: clock, logs, metrics, threads, memory."""
