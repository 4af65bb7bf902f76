"""The store: one interface, SQLite or PostgreSQL behind it."""
