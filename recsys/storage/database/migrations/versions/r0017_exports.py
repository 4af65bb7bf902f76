"""Exports that are made in the background."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger) for name in names]


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "exports",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("export_id", sa.Text, nullable=False, unique=True),
        sa.Column("sent_key", sa.Text, unique=True),
        *_texts("asked", "asked_by", "state", "why", "version", "people", "parts", "worker"),
        sa.Column("users", sa.BigInteger, nullable=False),
        sa.Column("erasures", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        *_times("ended_at", "expires_at"),
    )
