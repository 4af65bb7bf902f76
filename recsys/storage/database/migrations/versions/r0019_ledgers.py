"""Every id keeps a ledger of its own: what was said under it, and what was denied for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_WORD = ("purpose", "channel", "state", "at")
_COLUMNS = ", ".join((*_WORD, "basis", "source", "text_version"))
_SAME = " AND ".join(f"other.{name} = consents.{name}" for name in _WORD)


def upgrade() -> None:
    """Move grants to the ids that said them; a denial holds for whom it was moved to as well."""
    op.alter_column("consents", "sent_as", new_column_name="owner")
    last = op.get_bind().scalar(sa.text("SELECT coalesce(max(seq), 0) FROM consents"))
    moved = "owner NOT IN ('', user_id)"
    # So far `user_id` was the owner, and the other column the id that said it.
    op.execute(
        f"UPDATE consents SET user_id = owner, owner = user_id "  # noqa: S608 - our own names
        f"WHERE {moved} AND state = 'granted' AND NOT EXISTS (SELECT 1 FROM consents AS other "
        f"WHERE {_SAME} AND consents.owner IN (other.user_id, other.owner) "
        f"AND other.seq <> consents.seq)"
    )
    op.execute(
        f"INSERT INTO consents (user_id, owner, {_COLUMNS}) "  # noqa: S608 - our own names
        f"SELECT owner, user_id, {_COLUMNS} FROM consents WHERE {moved} AND state = 'denied' "
        "ORDER BY seq ON CONFLICT DO NOTHING"
    )
    op.execute(
        "UPDATE consents SET owner = user_id "  # noqa: S608 - our own number
        f"WHERE owner = '' OR (state = 'denied' AND seq <= {last})"
    )
    op.drop_column("aliases", "consent_seq")
    op.create_index("aliases_by_place", "aliases", ["event_seq"])
