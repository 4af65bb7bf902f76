"""Calls of tools as they came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "hooks",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("tool", "content_type", "body")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("done_at", sa.BigInteger),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("report", "people")),
    )
    op.create_index("hooks_waiting", "hooks", ["done_at", "seq"])
