"""The only input and output: the event log, consents, the model store."""
