"""The first tables: events, items, users, consents, imports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SENT = sa.text("kind = 'message_sent'")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "events",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.Double, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("order_id", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("ref", sa.Text),
        sa.Column("pscore", sa.Double),
        sa.Column("properties", sa.Text),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("ingested_at", sa.BigInteger, nullable=False),
    )
    op.create_index("events_of_user", "events", ["user_id", "seq"])
    op.create_index(
        "messages_of_user", "events", ["user_id", "at"], sqlite_where=SENT, postgresql_where=SENT
    )
    _make_profiles()


def _make_profiles() -> None:
    op.create_table(
        "items",
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("image_url", sa.Text, nullable=False),
        sa.Column("price", sa.Double),
        sa.Column("price_at", sa.BigInteger, nullable=False),
        sa.Column("available", sa.Boolean, nullable=False),
    )
    op.create_table(
        "users",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("traits", sa.Text, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
    )
    op.create_table(
        "consents",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("user_id", "purpose", "channel", "at", "state"),
    )
    op.create_table(
        "imports",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
