"""Placements, and attributes of items of any name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add both."""
    op.add_column("items", sa.Column("attributes", sa.Text, nullable=False, server_default="{}"))
    op.add_column("items", sa.Column("changed", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("items_changed", "items", ["changed"])
    op.create_table(
        "placements",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("placement_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("placement_id", "version"),
    )
