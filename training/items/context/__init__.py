"""What the request's context says of items: counted, and whether it is listened to."""
