"""Under which id each thing was sent, so that a merge can be undone; events are told by it too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SENT = sa.text("kind = 'message_sent'")
REACTION = sa.text("kind IN ('message_responded', 'message_opened')")
COLUMNS = (
    "seq, event_id, user_id, item_id, kind, at, quantity, value, order_id, channel, ref, pscore, "
    "properties, simulated, source, ingested_at, machine"
)


def upgrade() -> None:
    """Add them. What was merged before cannot be told apart any more, and stays merged."""
    if op.get_bind().dialect.name == "sqlite":
        _remake_events()
    else:
        op.add_column("events", sa.Column("sent_as", sa.Text))
        op.execute("UPDATE events SET sent_as = user_id")
        op.alter_column("events", "sent_as", nullable=False)
        op.add_column("events", _anonymous())
        op.drop_constraint("events_event_id_key", "events", type_="unique")
        op.create_unique_constraint(
            "events_event_id_sent_as_key", "events", ["event_id", "sent_as"]
        )
    op.add_column("users", _anonymous())
    for table in ("consents", "decisions"):
        op.add_column(table, sa.Column("sent_as", sa.Text, nullable=False, server_default=""))
        op.execute(f"UPDATE {table} SET sent_as = user_id")  # noqa: S608 - names from the code
    for name in ("into_id", "profile"):
        op.add_column("aliases", sa.Column(name, sa.Text, nullable=False, server_default=""))
    for name in ("event_seq", "consent_seq"):
        op.add_column("aliases", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "splits",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("splits_of_user", "splits", ["user_id"])


def _anonymous() -> sa.Column[bool]:
    return sa.Column("anonymous", sa.Boolean, nullable=False, server_default=sa.false())


def _remake_events() -> None:
    # SQLite cannot let go of a constraint.
    op.create_table(
        "events_by_sender",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("sent_as", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.Double, nullable=False),
        sa.Column("value", sa.Double),
        *(sa.Column(name, sa.Text) for name in ("order_id", "channel", "ref")),
        sa.Column("pscore", sa.Double),
        sa.Column("properties", sa.Text),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("ingested_at", sa.BigInteger, nullable=False),
        sa.Column("machine", sa.Boolean, nullable=False, server_default=sa.false()),
        _anonymous(),
        sa.UniqueConstraint("event_id", "sent_as"),
    )
    op.execute(
        f"INSERT INTO events_by_sender ({COLUMNS}, sent_as) "  # noqa: S608 - names from the code
        f"SELECT {COLUMNS}, user_id FROM events"
    )
    op.drop_table("events")
    op.rename_table("events_by_sender", "events")
    op.create_index("events_of_user", "events", ["user_id", "seq"])
    op.create_index("messages_of_user", "events", ["user_id", "at"], sqlite_where=SENT)
    op.create_index("reactions_of_user", "events", ["user_id", "at"], sqlite_where=REACTION)
