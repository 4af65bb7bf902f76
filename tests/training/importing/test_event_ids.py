"""Ids that events get when they come without."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from training.importing.event_ids import event_ids

ROWS = st.lists(
    st.tuples(
        st.integers(0, 3_000_000),
        st.sampled_from(["ann", "ben", "", None]),
        st.sampled_from(["ann", "tea", None]),
        st.sampled_from([0.0, 1.0, None]),
    ),
    max_size=12,
)
Row = tuple[int, str | None, str | None, float | None]


def ids(rows: list[Row]) -> list[str]:
    at = np.array([row[0] for row in rows], np.int64)
    content = {
        "user": pl.Series([row[1] for row in rows], dtype=pl.String),
        "item": pl.Series([row[2] for row in rows], dtype=pl.String),
        "value": pl.Series([row[3] for row in rows], dtype=pl.Float64),
    }
    return event_ids(at, content).to_list()


def test_ids_never_change() -> None:
    assert ids([(1_577_880_000_000_000, "ann", "tea", 2.5), (5_000, None, None, None)]) == [
        "016f60fa160019a5377295957c660333",
        "000000000005fe60e270f0bab271a4f2",
    ]


@given(ROWS)
def test_no_two_events_share_an_id(rows: list[Row]) -> None:
    assert len(set(ids(rows))) == len(rows)


@given(ROWS, st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_rows(rows: list[Row], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sorted(ids(rows)) == sorted(ids(shuffled))


@given(ROWS, ROWS)
def test_part_of_a_file_gets_the_ids_of_the_whole(first: list[Row], more: list[Row]) -> None:
    assert ids(first + more)[: len(first)] == ids(first)


@given(ROWS)
def test_ids_sort_by_time(rows: list[Row]) -> None:
    by_id = [at for _, at in sorted(zip(ids(rows), (row[0] for row in rows), strict=True))]
    assert [at // 1000 for at in by_id] == sorted(at // 1000 for at, *_ in rows)


def test_a_value_means_something_else_in_another_column() -> None:
    assert ids([(1, "ann", "tea", 1.0)]) != ids([(1, "tea", "ann", 1.0)])
    assert ids([(1, None, "tea", 1.0)]) != ids([(1, "", "tea", 1.0)])


@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), unique=True, max_size=30))
def test_different_text_has_a_different_id(texts: list[str | None]) -> None:
    assert len({one[12:] for one in ids([(1, text, None, None) for text in texts])}) == len(texts)
    alone = [ids([(1, text, None, None)])[0] for text in texts]
    assert alone == ids([(1, text, None, None) for text in texts])


def test_minus_zero_is_zero() -> None:
    assert ids([(1, "ann", "tea", -0.0)]) == ids([(1, "ann", "tea", 0.0)])
