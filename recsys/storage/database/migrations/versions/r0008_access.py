"""Keys, who did what with them, and what a store says of itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add all three."""
    op.create_table(
        "keys",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False, unique=True),
        sa.Column("label", sa.Text, nullable=False, unique=True),
        sa.Column("rights", sa.Text, nullable=False),
        sa.Column("origins", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        *(sa.Column(f"{n}_at", sa.BigInteger) for n in ("expires", "revoked", "last_used")),
    )
    op.create_table(
        "audit",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("actor", "action", "subject")),
    )
    op.create_index("audit_of_subject", "audit", ["subject"])
    op.create_table(
        "store",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
