"""The shell that turns a request into an answer."""
