"""From a user id to an answer, and from an audience to a file."""
