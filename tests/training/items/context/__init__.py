"""The context of the request."""
