"""Receipts of erasures outside the store, so that no backup brings back who was erased after it.

A file of JSON lines, which holds the ids that are nobody any more and nothing else about them. One
beside a SQLite file is kept by whoever erases.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from recsys.errors import UnreadableFile
from recsys.storage.database.interface import Read, Writing


class Erased(NamedTuple):
    """An id that is nobody any more, by which receipt, and since when (microseconds)."""

    user_id: str
    receipt_id: str
    at: int


def append(file: Path, erased: Iterable[Erased]) -> None:
    """Add receipts to a file, on the disk when this returns; nobody else may read it."""
    with open(os.open(file, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o600), "ab+") as opened:  # noqa: PTH123
        opened.write("".join(f"{json.dumps(one._asdict())}\n" for one in erased).encode())
        opened.flush()
        os.fsync(opened.fileno())


def read(file: Path) -> list[Erased]:
    """Return the receipts in a file, none where there is none.

    A line that a killed process left torn is passed over: its erasure did not happen.

    Raises
    ------
    UnreadableFile
        A line in it is no receipt.
    """
    if not file.exists():
        return []
    lines = file.read_bytes().split(b"\n")
    try:
        return [Erased(**json.loads(line)) for line in lines[:-1] if line]
    except (ValueError, TypeError) as error:
        raise UnreadableFile(file, f"no receipts of erasures: {error}") from error


def of(read: Read) -> list[Erased]:
    """Return the receipts in a store."""
    rows = read("SELECT user_id, receipt_id, at FROM erasures ORDER BY seq")
    return [Erased(*row) for row in rows]


def of_receipt(writing: Writing, receipt_id: str) -> list[Erased]:
    """Return the ids that one receipt is about."""
    rows = writing.execute(
        "SELECT user_id, receipt_id, at FROM erasures WHERE receipt_id = ?", (receipt_id,)
    )
    return [Erased(*row) for row in rows.fetchall()]
