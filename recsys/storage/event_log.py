"""The event log: append-only, durable, and the same event id is the same event."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any, cast

from recsys.errors import StoreUnavailable
from recsys.people import Remembered
from recsys.storage.database import Database
from recsys.storage.memory import remember

MESSAGE_SENT = "message_sent"
MESSAGE_RESPONDED = "message_responded"
MESSAGE_UNSUBSCRIBED = "message_unsubscribed"
MESSAGE_KINDS = (MESSAGE_SENT, MESSAGE_RESPONDED, MESSAGE_UNSUBSCRIBED)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes
    ----------
    event_id : str
        Its key: an event whose id is in the log already is not logged again.
    user_id, kind : str
        Who, and what: a configured kind or one of ``MESSAGE_KINDS``.
    at : int
        When it happened, microseconds since the epoch.
    item_id : str or None
        On which item.
    quantity : float
        Units, positive; a return is a kind, not a negative number.
    value : float or None
        Money of the whole event; None where not known.
    order_id : str or None
        Basket, invoice or session.
    channel, ref, pscore
        Of messages: the channel; the ``event_id`` of the message that an outcome belongs to;
        P(this action) under the policy that chose it.
    properties : str or None
        A JSON object.
    simulated : bool
        Whether it comes from a simulation.
    source : str
        The file or client it came from.
    """

    event_id: str
    user_id: str
    kind: str
    at: int
    item_id: str | None = None
    quantity: float = 1.0
    value: float | None = None
    order_id: str | None = None
    channel: str | None = None
    ref: str | None = None
    pscore: float | None = None
    properties: str | None = None
    simulated: bool = False
    source: str = "api"


class Verdict(StrEnum):
    """What became of an event that was handed in."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


COLUMNS = (*Event.__dataclass_fields__, "ingested_at")
_FIELDS = attrgetter(*Event.__dataclass_fields__)
_ABSENT = {"quantity": "1.0", "simulated": "0"}
_INSERT = (
    f"INSERT INTO events ({', '.join(COLUMNS)}) "  # noqa: S608 - names from the code above
    f"VALUES ({', '.join('?' * len(COLUMNS))}) ON CONFLICT (event_id) DO NOTHING"
)
BATCH = 50_000


class EventLog:
    """The log in an open store. Safe to use from several threads.

    Parameters
    ----------
    database : Database
        Where it is kept.
    live_events : int
        Most events since training that are remembered of a user.
    """

    def __init__(self, database: Database, *, live_events: int = 500) -> None:
        self.database = database
        self._live_events = live_events

    def append(self, events: Sequence[Event], *, now: int) -> list[Verdict]:
        """Log `events` in one transaction; they are on the disk when this returns.

        Parameters
        ----------
        events : sequence of Event
            In the order in which they arrived.
        now : int
            Time of arrival, microseconds since the epoch.

        Returns
        -------
        list of Verdict
            One for each event, in their order.

        Raises
        ------
        StoreUnavailable
            Nothing was logged.
        """
        verdicts = []
        with self.database.writing() as connection:
            for event in events:
                logged = connection.execute(_INSERT, (*_FIELDS(event), now)).rowcount == 1
                verdicts.append(Verdict.ACCEPTED if logged else Verdict.DUPLICATE)
        return verdicts

    def append_columns(
        self,
        columns: Mapping[str, Any],
        *,
        now: int,
        source: str = "import",
        progress: Callable[[int], object] = int,
    ) -> int:
        """Log many events, given as columns, and return how many were new.

        All of them in one transaction: a killed import leaves nothing behind. Fastest in order
        of time with ids that sort by time, because then the unique index grows at its end.

        Parameters
        ----------
        columns : mapping of str to sequence, NumPy array or polars Series
            Fields of :class:`Event` by name but ``source``, all of one length; absent ones take
            their default.
        now : int
            Time of arrival, microseconds since the epoch.
        source : str
            The file or client that all of them came from.
        progress : callable
            Told the number of rows written so far, now and then.

        Raises
        ------
        StoreUnavailable
            Nothing was logged.
        """
        count = len(columns["event_id"])
        given = {name: columns[name] for name in COLUMNS if name in columns}
        statement = _bulk_insert(tuple(given), source, now)
        with self.database.writing() as connection:
            before = connection.total_changes
            for start in range(0, count, BATCH):
                parts = (_plain(column[start : start + BATCH]) for column in given.values())
                connection.executemany(statement, zip(*parts, strict=True))
                progress(min(start + BATCH, count))
            return connection.total_changes - before

    def remembered(
        self, user_id: str, *, since: int, at: int, marketing: bool = True
    ) -> Remembered:
        """Return what the store knows of a user: see :func:`recsys.storage.memory.remember`.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        limit = self._live_events
        return remember(
            self.database, user_id, since=since, at=at, limit=limit, marketing=marketing
        )

    def last_seq(self) -> int:
        """Return the ``seq`` of the latest arrival, 0 when the log is empty."""
        return int(self._read("SELECT coalesce(max(seq), 0) FROM events")[0][0])

    def latest_at(self, *, since: int) -> int:
        """Return when the last event happened of those that arrived after a watermark.

        Parameters
        ----------
        since : int
            Watermark: the ``seq`` up to which events are left out.

        Returns
        -------
        int
            Microseconds since the epoch, 0 without any.
        """
        return int(
            self._read("SELECT coalesce(max(at), 0) FROM events WHERE seq > ?", (since,))[0][0]
        )

    def columns_in_batches(
        self, names: Sequence[str], *, up_to: int, kinds: Sequence[str], size: int = BATCH
    ) -> Iterator[dict[str, tuple[Any, ...]]]:
        """Yield the named columns in order of arrival, at most `size` rows at a time.

        Memory is bounded by `size`; events that arrive meanwhile are left out by `up_to`.

        Parameters
        ----------
        names : sequence of str
            Among ``COLUMNS`` and ``seq``.
        up_to : int
            The last ``seq`` to read.
        kinds : sequence of str
            Events of other kinds are left out.
        size : int
            Rows in a batch.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        chosen = ", ".join(name for name in names if name in {*COLUMNS, "seq"})
        statement = (
            f"SELECT seq, {chosen} FROM events WHERE seq > ? AND seq <= ? "  # noqa: S608
            f"AND kind IN ({', '.join('?' * len(kinds))}) ORDER BY seq LIMIT ?"
        )
        after = 0
        while rows := self._read(statement, (after, up_to, *kinds, size)):
            _, *columns = zip(*rows, strict=True)
            yield dict(zip(names, columns, strict=True))
            after = rows[-1][0]

    def _read(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            return self.database.reader.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.database.path}: {error}") from error


def _bulk_insert(given: Sequence[str], source: str, now: int) -> str:
    # What is the same in all rows is written into the statement: binding is half of the cost.
    quoted = source.replace("'", "''")
    same = {**_ABSENT, "source": f"'{quoted}'", "ingested_at": str(int(now))}
    values = ["?" if name in given else same.get(name, "NULL") for name in COLUMNS]
    return (
        f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({', '.join(values)}) "  # noqa: S608
        "ON CONFLICT (event_id) DO NOTHING"
    )


def _plain(column: Any) -> Sequence[Any]:
    """Return a column of NumPy or polars as Python values; any other sequence as it is."""
    for method in ("tolist", "to_list"):
        if hasattr(column, method):
            plain: Sequence[Any] = getattr(column, method)()
            return plain
    return cast("Sequence[Any]", column)
