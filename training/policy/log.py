"""A logged file as decisions and features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys.data.ids import NOBODY
from recsys.errors import BadQuery
from recsys.evaluation.policy_value import Decisions
from training.errors import NotRandomised, UnclearColumn
from training.importing.cells import ids_of
from training.importing.numbers import decimal_sign, parsed
from training.importing.read import read_file

MISSING = [*sorted(NOBODY - {"none"}), "None"]
"""What is no value; ``none`` in small letters is one: the arm, or the kind, that is nothing."""

WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
MAX_ARMS = 100
FEW_ARMS = 10


@dataclass(frozen=True, slots=True)
class LogColumns:
    """Which column of a log says what; `pscore` and `user` may be empty: the log has none."""

    action: str
    reward: str
    pscore: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """A logged file.

    Attributes
    ----------
    arms : tuple of str
        What was done, ascending; the actions of `logged` count through it.
    logged : Decisions
        One row a decision, rewards as in the file, pscore NaN where the file has none.
    features : DataFrame
        The columns asked for, n rows.
    notes : tuple of str
        What was left out.
    """

    arms: tuple[str, ...]
    logged: Decisions
    features: pl.DataFrame
    notes: tuple[str, ...]


def read_log(
    path: Path, columns: LogColumns, features: Sequence[str], *, arms: Sequence[str] = ()
) -> Log:
    """Read a log; rows without an action or a reward are left out, and counted in the notes.

    `arms` names the arms of a policy the log is to be read for; empty: those of the file.

    Raises
    ------
    UnreadableFile
        The file cannot be read.
    BadQuery
        A column is not in the file, a reward is not a number, or a feature tells the outcome.
    NotRandomised
        A pscore is missing or not in (0, 1]: leaving such rows out would bias what is learnt.
    """
    frame = read_file(path).frame
    named = {"--action": columns.action, "--reward": columns.reward}
    named |= {f"--{n}": c for n in ("pscore", "user") if (c := getattr(columns, n))}
    for option, column in [*named.items(), *(("--features", name) for name in features)]:
        _refuse_unknown(option, column, frame)
    frame, notes = _complete(frame, columns)
    done = frame[columns.action].cast(pl.String)
    all_arms = tuple(arms) or tuple(sorted(done.unique().to_list()))
    _refuse_arms(columns.action, tuple(done.unique().sort().to_list()), all_arms, asked=bool(arms))
    logged = Decisions(
        user_row=_users(frame, columns.user),
        action=np.array([all_arms.index(arm) for arm in done.to_list()], np.int8),
        pscore=_pscores(frame, columns.pscore),
        reward=_rewards(frame[columns.reward], columns.reward),
    )
    _refuse_leaks(columns, features)
    known_before = frame.select(features)
    return Log(all_arms, logged, known_before, (*notes, *_mixed(known_before)))


def read_users(path: Path, features: Sequence[str]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Return the features of each row and its number in the file; the first is 0.

    Raises
    ------
    UnreadableFile
        The file, or a row of it, cannot be read: every row must get its arm.
    BadQuery
        A feature is not a column of it.
    """
    raw = read_file(path)
    for name in features:
        _refuse_unknown("--users", name, raw.frame)
    if len(raw.broken):
        row, reason = raw.broken["row"][0], raw.broken["reason"][0]
        raise BadQuery("--users", str(path), f"rows like the header; row {row}: {reason}")
    return raw.frame.select(features), raw.row.to_numpy() - 1


def numbers(column: pl.Series) -> NDArray[np.float64] | None:
    """Return a column as float64 with NaN for what is missing; None where it holds other text."""
    if not column.dtype.is_numeric() and column.dtype != pl.Boolean:
        text = column.cast(pl.String).str.strip_chars()
        present = text.is_not_null() & ~_is_missing(text)
        column = _parsed(text.set(~present, None))
        if (column.is_null() & present).any():
            return None
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _is_missing(text: pl.Series) -> pl.Series:
    return text.is_in(MISSING) | (text.str.to_lowercase().is_in(MISSING) & (text != "none"))


def _parsed(text: pl.Series) -> pl.Series:
    """Return text as numbers, null where it is none or can be read two ways."""
    try:
        return parsed(text, decimal_sign({text.name: text}))
    except UnclearColumn:
        return text.cast(pl.Float64, strict=False)


def _refuse_unknown(option: str, column: str, frame: pl.DataFrame) -> None:
    if column not in frame.columns:
        raise BadQuery(option, column, f"a column of the file: {', '.join(frame.columns)}")


def _refuse_arms(
    column: str, in_file: Sequence[str], all_arms: Sequence[str], *, asked: bool
) -> None:
    if 2 <= len(all_arms) <= MAX_ARMS and set(in_file) <= set(all_arms):
        return
    allowed = f"the arms {', '.join(all_arms)}" if asked else f"2 to {MAX_ARMS} different arms"
    some = ", ".join(in_file[:FEW_ARMS]) + (", …" if len(in_file) > FEW_ARMS else "")
    raise BadQuery("--action", column, f"{allowed}; the file has {len(in_file)}: {some}")


def _refuse_leaks(columns: LogColumns, features: Sequence[str]) -> None:
    for name in features:
        if name in (columns.action, columns.reward, columns.pscore):
            raise BadQuery("--features", name, "columns known before the arm was chosen")


def _mixed(features: pl.DataFrame) -> Iterator[str]:
    """Yield which columns are mostly numbers, yet names for the sake of a few other values."""
    for column in features.get_columns():
        if column.dtype != pl.String or numbers(column) is not None:
            continue
        present = column.filter(~_is_missing(column.str.strip_chars())).drop_nulls()
        other = present.filter(present.str.strip_chars().cast(pl.Float64, strict=False).is_null())
        if 2 * len(other) < len(present):
            yield (
                f"{column.name} holds {len(other):,} values that are no numbers, such as "
                f"{other[0]!r}: all {len(present):,} are taken for names"
            )


def _complete(frame: pl.DataFrame, columns: LogColumns) -> tuple[pl.DataFrame, tuple[str, ...]]:
    needed = [columns.action, columns.reward]
    holes = [frame[c].is_null() | _is_missing(frame[c].cast(pl.String)) for c in needed]
    whole = frame.filter(~(holes[0] | holes[1]))
    left_out = len(frame) - len(whole)
    note = f"{left_out:,} of {len(frame):,} rows without an action or a reward were left out"
    return whole, (note,) if left_out else ()


def _users(frame: pl.DataFrame, column: str) -> NDArray[np.int32]:
    if not column:
        return np.arange(len(frame), dtype=np.int32)
    rows: NDArray[np.int32] = (
        frame.select(ids_of(frame, column).fill_null("").rank("dense"))
        .to_series()
        .to_numpy()
        .astype(np.int32)
    )
    return rows


def _pscores(frame: pl.DataFrame, column: str) -> NDArray[np.float64]:
    if not column:
        return np.full(len(frame), np.nan)
    pscore = numbers(frame[column])
    if pscore is None:
        raise BadQuery("--pscore", column, "a column of numbers in (0, 1]")
    bad = int((~((pscore > 0) & (pscore <= 1))).sum())
    if bad:
        raise NotRandomised(f"{bad:,} of {len(frame):,} rows have no pscore in (0, 1]")
    return pscore


def _rewards(column: pl.Series, name: str) -> NDArray[np.float64]:
    reward = numbers(column)
    if reward is None:
        words = column.cast(pl.String).str.strip_chars().str.to_lowercase()
        if not set(words.unique().to_list()) <= WORDS.keys():
            raise BadQuery("--reward", name, "a column of numbers, or of yes and no")
        reward = words.replace_strict(WORDS, return_dtype=pl.Float64).to_numpy()
    return reward
