"""Cursors: read as they were signed, and by nobody else's secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import BadQuery
from recsys.placements.cursor import read, sign

LIST_ID = "013422df-9c92-7a60-b86f-4cff920dc1dd"


@given(st.integers(0, 200), st.integers(1, 200), st.text())
def test_a_cursor_is_read_as_it_was_signed(offset: int, limit: int, secret: str) -> None:
    cursor = read(str(sign(secret, LIST_ID, offset, limit)))
    assert (cursor.list_id, cursor.offset, cursor.limit) == (LIST_ID, offset, limit)
    assert cursor.signed_by(secret)


@given(st.integers(0, 200), st.integers(0, 200), st.text(min_size=1))
def test_nobody_moves_a_cursor_or_signs_one_by_another_secret(
    offset: int, other: int, secret: str
) -> None:
    cursor = sign(secret, LIST_ID, offset, 10)
    assert not cursor._replace(limit=11).signed_by(secret)
    assert cursor._replace(offset=other).signed_by(secret) == (other == offset)
    assert not cursor.signed_by(f"{secret}x")


@pytest.mark.parametrize("said", ["", "1", f"{LIST_ID}.1", f"{LIST_ID}.1.-1.{'a' * 32}", "x" * 500])
def test_what_is_no_cursor_is_refused(said: str) -> None:
    with pytest.raises(BadQuery, match="next_cursor"):
        read(said)
