"""An index over messages that failed, by the message they name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

FAILURE = sa.text("kind = 'message_failed'")


def upgrade() -> None:
    """Add it."""
    op.create_index(
        "failures_of_user",
        "events",
        ["user_id", "ref"],
        sqlite_where=FAILURE,
        postgresql_where=FAILURE,
    )
