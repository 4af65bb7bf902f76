"""Ids that became other users, and events that a machine made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add both."""
    op.create_table(
        "aliases",
        sa.Column("previous_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("aliases_of_user", "aliases", ["user_id"])
    op.add_column(
        "events", sa.Column("machine", sa.Boolean, nullable=False, server_default=sa.false())
    )
