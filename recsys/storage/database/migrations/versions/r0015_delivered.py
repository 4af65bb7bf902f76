"""What tools have of users."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add it."""
    op.create_table(
        "delivered",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("tool", "user_id", "sha256")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("tool", "user_id"),
    )
    op.create_index("delivered_of_user", "delivered", ["user_id"])
