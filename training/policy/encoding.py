"""Columns of a file as numbers: steps of quantiles, one column a level, missing values too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from training.policy.log import numbers

MAX_STEPS = 16
MAX_LEVELS = 24
MIN_ROWS_A_LEVEL = 20
ABSENT = "(missing)"


@dataclass(frozen=True, slots=True)
class Edges:
    """A numeric feature: one column ``x > edge`` an edge, and one for a missing value.

    `edges`, float64, ascending. A missing value takes no step: its columns stay at their means.
    """

    name: str
    edges: NDArray[np.float64]

    @property
    def width(self) -> int:
        """Columns it becomes."""
        return len(self.edges) + 1

    def fill(self, column: pl.Series, out: NDArray[np.float32]) -> None:
        """Write the columns; NaN where the value is missing, but for the last."""
        x = numbers(column)
        x = np.full(len(column), np.nan) if x is None else x
        out[:, :-1] = np.where(np.isnan(x)[:, None], np.nan, x[:, None] > self.edges)
        out[:, -1] = np.isnan(x)


@dataclass(frozen=True, slots=True)
class Levels:
    """A categorical feature: one column a level; rare and unseen levels have none."""

    name: str
    levels: tuple[str, ...]

    @property
    def width(self) -> int:
        """Columns it becomes."""
        return len(self.levels)

    def fill(self, column: pl.Series, out: NDArray[np.float32]) -> None:
        """Write the columns."""
        value = _said(column).to_numpy()
        for number, level in enumerate(self.levels):
            out[:, number] = value == level


@dataclass(frozen=True, slots=True)
class Encoding:
    """How features become columns.

    Attributes
    ----------
    features : tuple of Edges or Levels
        In the order of the columns.
    mean : float64, shape (n_columns,)
        Of each column over the rows it was made of; subtracted, so that 0 is the usual.
    """

    features: tuple[Edges | Levels, ...]
    mean: NDArray[np.float64]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(feature.name for feature in self.features)

    @property
    def feature_of_column(self) -> NDArray[np.int64]:
        """The feature behind each column of the design, -1 for the ones, shape (1 + n_columns,)."""
        widths = [1, *(feature.width for feature in self.features)]
        return np.repeat(np.arange(-1, len(self.features)), widths)

    def design(self, frame: pl.DataFrame) -> NDArray[np.float32]:
        """Return a column of ones and the centred columns, float32, shape (n, 1 + n_columns)."""
        raw = _raw(self.features, frame) - self.mean.astype(np.float32)
        return np.hstack([np.ones((len(frame), 1), np.float32), np.nan_to_num(raw)])


def fit(frame: pl.DataFrame, *, categorical: Iterable[str] = (), max_columns: int) -> Encoding:
    """Return the encoding of all columns of a frame.

    Parameters
    ----------
    frame : DataFrame
        Columns of numbers (text of numbers too) become steps at their quantiles, all others and
        those named `categorical` become levels. Missing values are values like others.
    categorical : iterable of str
        Numbers that are names, such as post codes.
    max_columns : int
        Edges and levels get coarser until no more than this many columns are needed.
    """
    named = frozenset(categorical)
    for coarser in range(MAX_STEPS):
        steps, levels = MAX_STEPS - coarser, MAX_LEVELS - coarser
        features = tuple(
            _feature(frame[name], named, steps=steps, levels=levels) for name in frame.columns
        )
        if sum(feature.width for feature in features) <= max_columns:
            break
    raw = _raw(features, frame)
    present = np.maximum(1, (~np.isnan(raw)).sum(axis=0))
    return Encoding(features, np.nansum(raw, axis=0, dtype=np.float64) / present)


def _feature(
    column: pl.Series, named: frozenset[str], *, steps: int, levels: int
) -> Edges | Levels:
    x = None if column.name in named else numbers(column)
    if x is None:
        return Levels(column.name, _frequent(column, levels))
    return Edges(column.name, _edges(x[~np.isnan(x)], steps))


def _edges(x: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    distinct = np.unique(x)
    if len(distinct) > steps:
        shares = np.arange(1, steps) / steps
        distinct = np.append(np.unique(np.quantile(x, shares, method="lower")), distinct[-1])
    return np.unique(distinct)[:-1]


def _frequent(column: pl.Series, levels: int) -> tuple[str, ...]:
    names, rows = np.unique(_said(column).to_numpy().astype(str), return_counts=True)
    order: Sequence[int] = np.lexsort((names, -rows))[:levels].tolist()
    return tuple(sorted(str(names[n]) for n in order if rows[n] >= MIN_ROWS_A_LEVEL))


def _said(column: pl.Series) -> pl.Series:
    return column.cast(pl.String).fill_null(ABSENT)


def _raw(features: Sequence[Edges | Levels], frame: pl.DataFrame) -> NDArray[np.float32]:
    raw = np.empty((len(frame), sum(feature.width for feature in features)), np.float32)
    start = 0
    for feature in features:
        feature.fill(frame[feature.name], raw[:, start : start + feature.width])
        start += feature.width
    return raw
