"""Experiments, and who took part in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    """Add both."""
    op.create_table(
        "experiments",
        sa.Column("seq", SEQUENCE, primary_key=True),
        *_texts("experiment_id", "status", "body", "salt", "note"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("experiments_by_id", "experiments", ["experiment_id"])
    op.create_table(
        "participants",
        sa.Column("seq", SEQUENCE, primary_key=True),
        *_texts("sent_as", "cell", "user_id", "experiment_id", "variant", "placement"),
        *_texts("list_id", "rung", "segment"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("period", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("pscore", sa.Double, nullable=False),
        sa.UniqueConstraint("sent_as", "cell"),
    )
    op.create_index("participants_of_user", "participants", ["user_id"])
    op.create_index(
        "participants_by_experiment",
        "participants",
        ["experiment_id", "version", "user_id", "period", "variant", "at"],
    )
