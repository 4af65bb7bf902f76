"""Keyed hashes by which sensitive traits are found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "lookups",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("user_id", "name", "hmac")),
        sa.UniqueConstraint("user_id", "name"),
    )
    op.create_index("lookups_by_hmac", "lookups", ["hmac"])
