"""Of an outcome all that was said is kept, and when it was known of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_SAME = ["sent_as", "kind", "name", "source", "ref"]
_NAME = "statements_sent_as_kind_name_source_ref_key"


def upgrade() -> None:
    """Let an outcome that is said again stand beside what was said before."""
    # The name that PostgreSQL gave it; SQLite gave none, and makes the table anew.
    with op.batch_alter_table("statements", naming_convention={"uq": _NAME}) as table:
        table.drop_constraint(_NAME, type_="unique")
        table.add_column(sa.Column("known_at", sa.BigInteger))
    for name, columns, which in (
        ("statements_traits", _SAME, "kind = 'trait'"),
        ("statements_outcomes", [*_SAME, "at"], "kind <> 'trait'"),
    ):
        where = sa.text(which)
        op.create_index(
            name,
            "statements",
            columns,
            unique=True,
            sqlite_where=where,
            postgresql_where=where,
        )
