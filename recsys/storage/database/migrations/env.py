"""Alembic's way in: migrate over the connection, and in the transaction, that the caller opened."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
