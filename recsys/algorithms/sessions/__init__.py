"""What comes next in a session: neighbours, transitions, and a ranker over both."""
