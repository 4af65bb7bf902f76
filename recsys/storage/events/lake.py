"""Interactions in Parquet files, read as the event log is: a folder, or object storage.

The columns are those of the log: ``user_id``, ``kind``, ``at`` (a time, or microseconds since the
epoch in UTC), and, where there are any, ``item_id``, ``quantity``, ``value`` (money of the whole
event), ``order_id``, ``properties``. Who was erased from the store is read from no file, and who
became another user is read as that one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recsys.errors import BadValue, StoreUnavailable, UnreadableFile
from recsys.storage import objects
from recsys.storage.events.log import BATCH
from recsys.storage.users.aliases import NOBODY

NEEDED = ("user_id", "kind", "at")
ABSENT: Mapping[str, object] = {
    "item_id": None,
    "quantity": 1.0,
    "value": 0.0,
    "order_id": None,
    "properties": None,
}
"""Columns that may be missing or empty, and what they are read as then."""

SOURCE = "lake"
KEY = "data.lake"


@dataclass(frozen=True, slots=True)
class Lake:
    """Parquet files under an address, in order of their names.

    Attributes
    ----------
    address : str
        A folder or ``s3://bucket/prefix``; all ``*.parquet`` below it.
    """

    address: str

    def columns_in_batches(
        self, names: Sequence[str], *, kinds: Sequence[str], became: Mapping[str, str]
    ) -> Iterator[dict[str, Sequence[Any]]]:
        """Yield the named columns, at most ``BATCH`` rows at a time.

        Parameters
        ----------
        names : sequence of str
            Among those of the log.
        kinds : sequence of str
            Events of other kinds are left out.
        became : mapping of str to str
            Who became whom, the erased nobody.

        Raises
        ------
        BadValue
            There is no such folder, or no file in it.
        UnreadableFile
            A file that cannot be read, lacks a column, or has a row without a user, kind or time,
            or with a quantity that is not above 0; names it.
        StoreUnavailable
            Object storage cannot be read.
        """
        any_file = False
        for shown, path in self._files():
            any_file = True
            with _readable(shown):
                for batch in _batches(shown, path, kinds):
                    yield _columns(batch, names, became)
        if not any_file:
            raise BadValue(KEY, self.address, "where there are *.parquet files")

    def _files(self) -> Iterator[tuple[str, Path]]:
        if self.address.startswith(objects.SCHEME):
            yield from _fetched(self.address)
            return
        folder = Path(self.address)
        if not folder.is_dir():
            raise BadValue(KEY, self.address, "a folder, or s3://bucket/prefix")
        yield from ((str(path), path) for path in sorted(folder.rglob("*.parquet")))


def _fetched(address: str) -> Iterator[tuple[str, Path]]:
    """Yield the files of object storage one by one, each gone when the next is asked for."""
    store = objects.opened(KEY, address)
    import obstore

    asking = partial(objects.asking, lambda why: StoreUnavailable(f"{address}: {why}"))
    with asking():
        found = [meta["path"] for chunk in obstore.list(store) for meta in chunk]
    for name in sorted(name for name in found if name.endswith(".parquet")):
        with TemporaryDirectory(prefix="recsys-lake-") as folder:
            path = Path(folder) / "file.parquet"
            with asking(), path.open("wb") as file:
                for chunk in obstore.get(store, name).stream():
                    file.write(chunk)
            yield f"{address}/{name}", path


def _batches(shown: str, path: Path, kinds: Sequence[str]) -> Iterator[Any]:
    """Yield batches of the events of some kinds, all columns there and of the type of the log."""
    # Loaded by those alone who train from files.
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        has = file.schema_arrow.names
        for name in NEEDED:
            if name not in has:
                needed = f"needed are {', '.join(NEEDED)}"
                raise UnreadableFile(shown, f"no column {name}: it has {', '.join(has)}; {needed}")
        columns = [name for name in (*NEEDED, *ABSENT) if name in has]
        for batch in file.iter_batches(BATCH, columns=columns):
            table = pa.table(batch.columns, batch.schema.names)
            # Categories, and a column of nothing but nulls, have types of their own.
            kind = table["kind"].cast(pa.string())
            table = table.set_column(table.column_names.index("kind"), "kind", kind)
            of_kind = table.filter(pc.is_in(kind, pa.array(kinds, pa.string())))
            _check(shown, table, of_kind)
            if len(of_kind):
                yield of_kind


def _check(shown: str, table: Any, of_kind: Any) -> None:
    import pyarrow.compute as pc

    empty = table["kind"].null_count + sum(of_kind[name].null_count for name in NEEDED)
    if empty:
        raise UnreadableFile(shown, f"{empty:,} rows have no user_id, kind or at")
    if "quantity" in of_kind.column_names:
        least = pc.min(of_kind["quantity"]).as_py()
        if least is not None and not least > 0:
            raise UnreadableFile(shown, f"a quantity is {least}; a return is a kind of its own")


def _columns(table: Any, names: Sequence[str], became: Mapping[str, str]) -> dict[str, Any]:
    import pyarrow as pa

    at = table["at"]
    if pa.types.is_timestamp(at.type):
        at = at.cast(pa.timestamp("us", at.type.tz))
    at = at.cast(pa.int64()).to_pylist()
    users = [became.get(user, user) for user in table["user_id"].cast(pa.string()).to_pylist()]
    found: dict[str, Sequence[Any]] = {
        "user_id": users,
        "kind": table["kind"].to_pylist(),
        "at": at,
        "source": [SOURCE] * len(at),
        "ingested_at": at,
    }
    for name in set(names) & ABSENT.keys():
        found[name] = _optional(table, name)
    if NOBODY not in users:
        return {name: found[name] for name in names}
    kept = [place for place, user in enumerate(users) if user != NOBODY]
    return {name: [found[name][place] for place in kept] for name in names}


def _optional(table: Any, name: str) -> Sequence[Any]:
    import pyarrow as pa

    absent = ABSENT[name]
    if name not in table.column_names:
        return [absent] * len(table)
    column = table[name].cast(pa.float64() if isinstance(absent, float) else pa.string())
    found: list[Any] = column.to_pylist()
    return found if absent is None else [absent if each is None else each for each in found]


@contextmanager
def _readable(shown: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(shown, objects.first_line(error)) from error
