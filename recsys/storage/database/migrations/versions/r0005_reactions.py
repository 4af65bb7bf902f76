"""An index over what a user did about messages, by time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

REACTION = sa.text("kind IN ('message_responded', 'message_opened')")


def upgrade() -> None:
    """Add it."""
    op.create_index(
        "reactions_of_user",
        "events",
        ["user_id", "at"],
        sqlite_where=REACTION,
        postgresql_where=REACTION,
    )
