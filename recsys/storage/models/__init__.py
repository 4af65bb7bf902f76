"""Model versions: immutable, hashed, checked before they are read."""
