"""The event log: append-only, durable, and the same id of the same sender is the same event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from recsys.storage.database.interface import Database, Writing
from recsys.storage.events import deliverability
from recsys.storage.events.event import Event, Reception
from recsys.storage.users import aliases
from recsys.storage.users.aliases import NOBODY

_GIVEN = tuple(name for name in Event.__dataclass_fields__ if name not in {"event_id", "user_id"})

COLUMNS = ("event_id", "sent_as", "user_id", *_GIVEN, "ingested_at")

_FIELDS = attrgetter(*_GIVEN)

_ABSENT = {"quantity": 1.0, "simulated": False, "machine": False, "anonymous": False}

BATCH = 50_000

_LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM events"


class EventLog:
    """The log in an open store. Safe to use from several threads.

    Parameters
    ----------
    database : Database
        Where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, events: Sequence[Event], *, now: int) -> list[Reception]:
        """Log `events` in one transaction; they are on the disk when this returns.

        Whoever unsubscribes denies the channel in the same transaction, and so do messages that
        keep failing; hasty clicks are a machine's. Events of erased users are
        not logged.

        Parameters
        ----------
        events : sequence of Event
            In the order in which they arrived.
        now : int
            Time of arrival, microseconds since the epoch.

        Returns
        -------
        list of Reception
            One for each event, in their order.

        Raises
        ------
        StoreUnavailable
            Nothing was logged.
        """
        with self.database.writing() as writing:
            became = aliases.known_as(writing, {event.user_id for event in events})
            owners = [became.get(event.user_id, event.user_id) for event in events]
            rows = [
                (event.event_id, event.user_id, owner, *_FIELDS(event), now)
                for event, owner in zip(events, owners, strict=True)
                if owner != NOBODY
            ]
            kinds = {event.kind for event in events}
            means_more = not kinds.isdisjoint(deliverability.KINDS)
            before = _last(writing) if means_more else 0
            new = iter(writing.insert_new("events", COLUMNS, rows))
            if means_more:
                deliverability.learn(writing, after=before)
        return [_verdict(new) if owner != NOBODY else Reception.ERASED for owner in owners]

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
        of time with ids that sort by time, because then the unique index grows at its end. Events
        of erased users are not logged, and not new.

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
        given = {name: columns[name] for name in COLUMNS if name in columns}
        given["sent_as"] = columns["user_id"]
        absent = {name: value for name, value in _ABSENT.items() if name not in given}
        with self.database.writing() as writing:
            before = _last(writing)
            new = writing.load(
                "events",
                given,
                same={**absent, "source": source, "ingested_at": int(now)},
                progress=progress,
            )
            new -= aliases.redirect(writing, after=before)
            deliverability.learn(writing, after=before)
        return new

    def last_seq(self) -> int:
        """Return the ``seq`` of the latest arrival, 0 when the log is empty."""
        return int(self.database.read(_LAST_SEQ)[0][0])

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
        statement = "SELECT coalesce(max(at), 0) FROM events WHERE seq > ?"
        return int(self.database.read(statement, (since,))[0][0])

    def columns_in_batches(
        self, names: Sequence[str], *, up_to: int, kinds: Sequence[str], size: int = BATCH
    ) -> Iterator[dict[str, tuple[Any, ...]]]:
        """Yield the named columns in order of arrival, at most `size` rows at a time.

        What a machine did is left out. Memory is bounded by `size`; events that arrive meanwhile
        are left out by `up_to`.

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
            f"AND kind IN ({', '.join('?' * len(kinds))}) AND NOT machine ORDER BY seq LIMIT ?"
        )
        after = 0
        while rows := self.database.read(statement, (after, up_to, *kinds, size)):
            _, *columns = zip(*rows, strict=True)
            yield dict(zip(names, columns, strict=True))
            after = rows[-1][0]


def _verdict(new: Iterator[bool]) -> Reception:
    return Reception.ACCEPTED if next(new) else Reception.DUPLICATE


def _last(writing: Writing) -> int:
    return int(writing.execute(_LAST_SEQ).fetchone()[0])
