"""Ids for events that came without: the same event has the same id, in every run and version."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

Words = NDArray[np.uint64]
_MISSING = np.uint64(0x9E3779B97F4A7C15)
_WORD = 8
_BLOCK = 65_536
_STEPS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def event_ids(at: NDArray[np.int64], content: Mapping[str, pl.Series]) -> pl.Series:
    """Return an id for each row: 12 hexadecimal digits of time, 20 of what it is.

    The time comes first (milliseconds, as in UUID version 7), so that ids grow with time and the
    index over them grows at its end. The rest is a hash of all columns and of the number of
    equal rows before: of two equal events in one file neither is lost, and importing the file
    again gives the same ids. Made for files, not against forgers: the hash is not cryptographic.

    Parameters
    ----------
    at : int64, shape (n,)
        Microseconds since the epoch, not negative.
    content : mapping of str to Series
        Text or float64 columns in a fixed order; nulls are a value of their own.

    Returns
    -------
    Series of str, shape (n,)
    """
    high, low = (np.full(len(at), seed, np.uint64) for seed in _STEPS)
    for column in (pl.Series(at), *content.values()):
        first, second = _words(column)
        high, low = _mixed(high, first), _mixed(low, second)
    again = _occurrence(high, low)
    high, low = _mixed(high, again), _mixed(low, again)
    octets = _bytes(at // 1000, high, low)
    packed = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(octets.shape[1]), len(octets), [None, pa.py_buffer(octets)]
    )
    return pl.Series(packed, dtype=pl.Binary).bin.encode("hex")


def _bytes(millis: NDArray[np.int64], high: Words, low: Words) -> NDArray[np.uint8]:
    parts = (
        millis.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 2:],
        high.astype(">u8").view(np.uint8).reshape(-1, 8),
        low.astype(">u8").view(np.uint8).reshape(-1, 8)[:, :2],
    )
    return np.ascontiguousarray(np.hstack(parts))


def _words(column: pl.Series) -> tuple[Words, Words]:
    if column.dtype == pl.String:
        return _words_of_text(column)
    filled = column.to_numpy() if column.dtype == pl.Int64 else column.cast(pl.Float64).to_numpy()
    # 0.0 added: minus zero and zero are one number.
    bits = (filled if filled.dtype == np.int64 else filled + 0.0).view(np.uint64).copy()
    bits[column.is_null().to_numpy()] = _MISSING
    return bits, bits


def _words_of_text(column: pl.Series) -> tuple[Words, Words]:
    """Hash text eight bytes at a time, all rows at once; the length goes first."""
    high, low = (np.full(len(column), seed ^ _MISSING, np.uint64) for seed in _STEPS)
    given = np.flatnonzero(column.is_not_null().to_numpy())
    if not len(given):
        return high, low
    start, length, blob = _utf8(column)
    high[given], low[given] = (length[given].astype(np.uint64) ^ seed for seed in _STEPS)
    for block in range(0, len(given), _BLOCK):
        own = given[block : block + _BLOCK]
        for done in range(0, int(length[own].max()), _WORD):
            rows = own[length[own] > done]
            words = _eight_bytes(blob, start[rows] + done, length[rows] - done)
            high[rows], low[rows] = _mixed(high[rows], words), _mixed(low[rows], words)
    return high, low


def _eight_bytes(
    blob: NDArray[np.uint8], start: NDArray[np.int64], left: NDArray[np.int64]
) -> Words:
    octets = blob[start[:, None] + np.arange(_WORD)]
    octets[np.arange(_WORD) >= left[:, None]] = 0
    words: Words = octets.view("<u8")[:, 0].astype(np.uint64, copy=False)
    return words


def _utf8(column: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Return where each text starts in a blob, its length in bytes, and the blob, padded."""
    text = column.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, blob = text.buffers()
    ends = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    octets = np.frombuffer(blob, np.uint8) if blob else np.empty(0, np.uint8)
    return ends[:-1], np.diff(ends), np.concatenate([octets, np.zeros(_WORD, np.uint8)])


def _mixed(state: Words, word: Words) -> Words:
    # The finaliser of splitmix64 (Steele, Lea and Flood 2014) over the running state.
    mixed = (state ^ word) + _MISSING
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _STEPS[0]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _STEPS[1]
    return mixed ^ (mixed >> np.uint64(31))


def _occurrence(high: Words, low: Words) -> Words:
    again = np.zeros(len(high), np.uint64)
    alike = np.flatnonzero(pl.Series(high).is_duplicated().to_numpy())
    if len(alike):
        frame = pl.DataFrame({"high": high[alike], "low": low[alike]})
        earlier = pl.int_range(pl.len(), dtype=pl.UInt64).over("high", "low")
        again[alike] = frame.select(earlier).to_series().to_numpy()
    return again
