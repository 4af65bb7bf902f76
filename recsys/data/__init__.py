"""What happened, to whom, with what and when: the words of every other room."""
