"""Decisions, and the version of the text that a consent agreed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXTS = ("session", "surface", "experiment", "variant", "rung", "version", "model_sha256")


def upgrade() -> None:
    """Add both."""
    op.add_column("consents", sa.Column("text_version", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "decisions",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("decision_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in TEXTS),
        sa.Column("features", sa.Text, nullable=False),
        sa.Column("features_version", sa.Integer, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("send_at", sa.BigInteger),
        sa.Column("pscore", sa.Double, nullable=False),
        sa.Column("explored", sa.Boolean, nullable=False),
        sa.Column("epsilon", sa.Double, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("consent_seq", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.Double, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.UniqueConstraint("user_id", "decision_id"),
    )
