"""Features of a file as columns."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from training.policy import encoding
from training.policy.encoding import Edges, Levels


def fitted(frame: pl.DataFrame, **options: object) -> encoding.Encoding:
    return encoding.fit(frame, **{"max_columns": 100, **options})  # type: ignore[arg-type]


def test_text_of_numbers_becomes_steps_and_other_text_levels() -> None:
    frame = pl.DataFrame({"age": ["18", "30", "", "NA"] * 20, "job": ["a", "b", "a", None] * 20})
    age, job = fitted(frame).features
    assert isinstance(age, Edges)
    assert age.edges.tolist() == [18.0]
    assert job == Levels("job", (encoding.ABSENT, "a", "b"))


def test_numbers_that_are_names_become_levels_when_told_so() -> None:
    frame = pl.DataFrame({"postcode": [1, 2] * 30})
    assert fitted(frame, categorical=["postcode"]).features == (Levels("postcode", ("1", "2")),)


def test_columns_are_centred_and_the_first_is_of_ones() -> None:
    frame = pl.DataFrame({"x": np.arange(100.0), "g": ["a", "b", "c", "d"] * 25})
    design = fitted(frame).design(frame)
    assert design.dtype == np.float32
    assert (design[:, 0] == 1).all()
    assert design[:, 1:].mean(axis=0) == pytest.approx(np.zeros(design.shape[1] - 1), abs=1e-6)


def test_a_missing_number_takes_no_step_even_if_none_was_missing_before() -> None:
    frame = pl.DataFrame({"x": np.arange(100.0)})
    encoded = fitted(frame)
    row = encoded.design(pl.DataFrame({"x": [None]}, schema={"x": pl.Float64}))[0]
    assert row[1:-1].tolist() == [0.0] * (len(row) - 2)
    assert row[-1] == 1


def test_a_column_of_text_where_numbers_were_counts_as_missing() -> None:
    encoded = fitted(pl.DataFrame({"x": np.arange(100.0)}))
    assert encoded.design(pl.DataFrame({"x": ["?"]}))[0, -1] == 1


def test_rare_and_unseen_levels_have_no_column() -> None:
    frame = pl.DataFrame({"g": ["a"] * 60 + ["b"] * 39 + ["rare"]})
    encoded = fitted(frame)
    assert encoded.features == (Levels("g", ("a", "b")),)
    rows = encoded.design(pl.DataFrame({"g": ["rare", "new"]}))
    assert (rows[0] == rows[1]).all()


def test_it_gets_coarser_until_it_fits() -> None:
    frame = pl.DataFrame({f"x{n}": np.random.default_rng(n).normal(size=200) for n in range(6)})
    assert sum(f.width for f in fitted(frame).features) == 6 * 16
    assert sum(f.width for f in fitted(frame, max_columns=25).features) <= 25


def test_order_and_repetition_of_rows_do_not_matter_to_the_edges() -> None:
    x = np.random.default_rng(1).normal(size=300)
    (one,), (other,) = (
        fitted(pl.DataFrame({"x": values})).features for values in (x, np.tile(x[::-1], 2))
    )
    assert isinstance(one, Edges)
    assert isinstance(other, Edges)
    assert one.edges == pytest.approx(other.edges, abs=0.05)


def test_a_constant_column_says_nothing() -> None:
    frame = pl.DataFrame({"x": [1.0] * 50})
    assert (fitted(frame).design(frame)[:, 1:] == 0).all()
