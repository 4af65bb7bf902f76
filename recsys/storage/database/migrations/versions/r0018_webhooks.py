"""Addresses that are called, what they are told, and the bands of churn that users were seen in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "webhooks",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("webhook_id", sa.Text, nullable=False, unique=True),
        *_texts("url", "kinds", "secrets", "off"),
        *_times("created_at"),
    )
    op.create_table(
        "webhook_messages",
        sa.Column("seq", SEQUENCE, primary_key=True),
        *_texts("message_id", "webhook_id", "kind", "body", "user_id"),
        *_times("created_at"),
        *_texts("state", "tries"),
        *_times("next_at", "claimed_until"),
        sa.UniqueConstraint("message_id", "webhook_id"),
    )
    op.create_index("webhook_messages_due", "webhook_messages", ["state", "next_at"])
    op.create_index("webhook_messages_of", "webhook_messages", ["webhook_id", "seq"])
    op.create_index("webhook_messages_of_user", "webhook_messages", ["user_id"])
    op.create_table(
        "churn_bands",
        sa.Column("user_id", sa.Text, primary_key=True),
        *_texts("band"),
        *_times("at"),
    )
