"""Learning and scoring on arrays; nothing here knows of users or shops."""
