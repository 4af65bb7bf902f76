"""Lists that were shown, and what was seen and clicked of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    """Add both."""
    op.create_table(
        "lists",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("list_id", sa.Text, nullable=False, unique=True),
        *_texts("user_id", "placement_id", "model_version", "rung", "items", "head", "secret"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("send_key", sa.Text, unique=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("lists_of_user", "lists", ["user_id"])
    op.create_index("lists_of_placement", "lists", ["placement_id", "at"])
    op.create_table(
        "exposures",
        sa.Column("seq", SEQUENCE, primary_key=True),
        sa.Column("exposure_id", sa.Text, nullable=False, unique=True),
        *_texts("list_id", "user_id", "kind", "item_id"),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("exposures_of_user", "exposures", ["user_id"])
    op.create_index("exposures_of_list", "exposures", ["list_id"])
