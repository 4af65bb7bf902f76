"""Calls that this service makes by itself: Standard Webhooks, retried until they are taken."""
