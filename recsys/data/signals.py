"""Signals beside events: what users say of the shop, ask of its support, do about its e-mails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.data.kinds import MESSAGE_FAILED, MESSAGE_OPENED, MESSAGE_RESPONDED, MESSAGE_SENT

NPS, CSAT, TICKET = "nps", "csat", "ticket"
OUTCOMES = (NPS, CSAT, TICKET)
MAILS = (MESSAGE_SENT, MESSAGE_OPENED, MESSAGE_RESPONDED, MESSAGE_FAILED)
"""What counts of e-mails; that one failed is a signal of when it was sent, known of later."""
KINDS = (*OUTCOMES, *MAILS)
NUMBER = {kind: number for number, kind in enumerate(KINDS)}
MAIL = "email"
"""The channel whose messages are e-mails."""

MAIL_DAYS = 90
"""How far back e-mails, and what a person did about them, count."""


class OutcomeRow(NamedTuple):
    """An outcome as a source said it: an answer to a survey, a rating, or a ticket.

    Times are in microseconds since the epoch; `known_at` is None where it was known at once.
    """

    user_id: str
    kind: str
    value: str | float
    source: str
    ref: str
    at: int
    known_at: int | None


class Signal(NamedTuple):
    """One signal of one user: `kind` is one of ``KINDS``, `known_at` never before `at`."""

    kind: str
    at: int
    value: float
    known_at: int


@dataclass(frozen=True, slots=True)
class UserSignals:
    """Signals of one user, or of all grouped by user; oldest first within a user.

    Attributes
    ----------
    kind : int8, shape (n,)
        Index into ``KINDS``.
    at, known_at : int64, shape (n,)
        When it was so, and when it was known of (microseconds since the epoch).
    value : float32, shape (n,)
        Of an answer 0 to 10, of a rating 0 to 1.
    """

    kind: NDArray[np.int8]
    at: NDArray[np.int64]
    known_at: NDArray[np.int64]
    value: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def of(cls, signals: Iterable[Signal]) -> UserSignals:
        """Return the signals of one user, given in any order."""
        return cls.as_given(sorted(signals, key=lambda one: (one.at, NUMBER[one.kind], one.value)))

    @classmethod
    def as_given(cls, signals: Sequence[Signal]) -> UserSignals:
        """Return signals in the order in which they are given."""
        return cls(
            np.array([NUMBER[one.kind] for one in signals], np.int8),
            np.array([one.at for one in signals], np.int64),
            np.array([one.known_at for one in signals], np.int64),
            np.array([one.value for one in signals], np.float32),
        )

    def where(self, keep: NDArray[np.bool_ | np.integer] | slice) -> UserSignals:
        """Return some of them, in the order that `keep` says."""
        return UserSignals(*(getattr(self, field.name)[keep] for field in fields(self)))


NO_SIGNALS = UserSignals.of(())


@dataclass(frozen=True, slots=True)
class Signals:
    """Signals of all users: user ``u`` owns ``indptr[u]:indptr[u + 1]`` of `all`."""

    indptr: NDArray[np.int64]
    all: UserSignals

    @classmethod
    def of(cls, user_row: NDArray[np.integer], signals: UserSignals, *, n_users: int) -> Signals:
        """Return the signals of users, given in any order: the same whatever that is."""
        order = np.lexsort((signals.value, signals.kind, signals.at, user_row))
        counts = np.bincount(user_row, minlength=n_users)
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
        return cls(indptr, signals.where(order))

    @classmethod
    def none(cls, n_users: int) -> Signals:
        """Return no signals of so many users."""
        return cls(np.zeros(n_users + 1, np.int64), NO_SIGNALS)

    def count(self, *kinds: str) -> int:
        """Return how many there are of some kinds."""
        return int(np.isin(self.all.kind, [NUMBER[kind] for kind in kinds]).sum())

    def of_user(self, user_row: int) -> UserSignals:
        """Return the signals of one user, as views."""
        return self.all.where(slice(self.indptr[user_row], self.indptr[user_row + 1]))

    def before(self, cutoff: int) -> Signals:
        """Return what was known of strictly before `cutoff`; rows keep their meaning."""
        keep = self.all.known_at < cutoff
        kept = np.concatenate([np.zeros(1, np.int64), np.cumsum(keep, dtype=np.int64)])
        return Signals(kept[self.indptr], self.all.where(keep))

    def as_known_now(self) -> Signals:
        """Return the same with everything taken as known when it was so."""
        return Signals(self.indptr, replace(self.all, known_at=self.all.at))


def heard(rows: Iterable[OutcomeRow]) -> Iterator[tuple[str, Signal]]:
    """Yield whose signal each outcome is, and the signal.

    A ticket that a tool tells of more than once, whatever became of it, is one signal: of when it
    was opened, known of since the first word. Answers and ratings that were corrected are several,
    each of its time.
    """
    tickets: dict[tuple[str, ...], tuple[str, Signal]] = {}
    for user, kind, value, source, ref, at, known_at in rows:
        signal = Signal(kind, at, float(value), max(at, known_at or at))
        if kind != TICKET:
            yield user, signal
            continue
        key = (user, source.partition(".")[0], ref or str(at))
        if key in tickets:
            first = tickets[key][1]
            opened, known = min(first.at, at), min(first.known_at, signal.known_at)
            signal = signal._replace(at=opened, known_at=max(opened, known))
        tickets[key] = user, signal
    yield from tickets.values()
