"""What tools said of users."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_TEXTS = ("sent_as", "user_id", "kind", "name", "value", "source", "ref")


def upgrade() -> None:
    """Add it."""
    op.create_table(
        "statements",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in _TEXTS),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("sent_as", "kind", "name", "source", "ref"),
    )
    op.create_index("statements_of_user", "statements", ["user_id"])
