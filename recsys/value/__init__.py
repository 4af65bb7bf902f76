"""What a user is worth: so far, next order, and to come."""
