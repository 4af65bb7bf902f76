"""In which audiences users were seen last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "audience_standings",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
