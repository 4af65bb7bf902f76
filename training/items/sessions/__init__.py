"""The session at hand: which events belong to it, and whether it is listened to."""
