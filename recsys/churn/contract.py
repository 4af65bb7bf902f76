"""Churn where users are under contract: it ends by a cancellation, or by a renewal that is missed.

Each labelled row is then a person-period: a user under contract at a cut-off, and whether the
contract ended within the horizon. The additive model on such rows is a discrete-time hazard model
(Singer & Willett 1993): tenure is among its features, and every period counts once a user.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY

Flags = NDArray[np.bool_]

NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Contract:
    """What ends a contract.

    Attributes
    ----------
    cancel_kind : str
        The event that ends it; empty: there is none.
    term_days : int
        So long does a start or renewal (the critical event) last; 0: until it is cancelled.
    """

    cancel_kind: str = ""
    term_days: int = 0

    @property
    def exists(self) -> bool:
        """Whether users are under contract at all; if not, absence is churn."""
        return bool(self.cancel_kind) or self.term_days > 0

    def running(self, interactions: Interactions, critical_kind: str, *, at: int) -> Flags:
        """Return who is under contract at an instant, bool, shape (n_users,).

        Whoever started or renewed, did not cancel since, and whose term is not over.
        """
        paid, cancelled = self._last(interactions.before(at), critical_kind)
        over = (paid + self.term_days * DAY <= at) if self.term_days else np.zeros(len(paid), bool)
        running: Flags = (paid != NEVER) & (cancelled < paid) & ~over
        return running

    def ended(
        self, interactions: Interactions, critical_kind: str, *, at: int, until: int
    ) -> Flags:
        """Return whose contract, running at `at`, ended before `until`, bool, shape (n_users,).

        By a cancellation in between, or because its term ran out in between without a renewal.
        """
        later = interactions.between(at, until)
        paid, _ = self._last(interactions.before(at), critical_kind)
        renewed, cancelled = self._last(later, critical_kind)
        missed = np.zeros(len(paid), bool)
        if self.term_days:
            due = np.where(paid == NEVER, at, paid) + self.term_days * DAY
            missed = (due < until) & (renewed == NEVER)
        ended: Flags = (cancelled != NEVER) | missed
        return ended

    def is_over(self, events: UserEvents, kinds: tuple[str, ...], critical_kind: str) -> bool:
        """Return whether the last of a user's events on the matter is a cancellation."""
        named = [kind for kind in (critical_kind, self.cancel_kind) if kind in kinds]
        about = np.isin(events.kind, [kinds.index(kind) for kind in named])
        if self.cancel_kind not in named or not about.any():
            return False
        return bool(events.kind[about][-1] == kinds.index(self.cancel_kind))

    def _last(
        self, interactions: Interactions, critical_kind: str
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return when each user paid last, and cancelled last; ``NEVER`` where not at all."""
        n_users = len(interactions.users)
        latest = []
        for kind in (critical_kind, self.cancel_kind):
            some = interactions.of_kind(kind)
            last = np.full(n_users, NEVER)
            # oldest first within a user: the last assignment stands
            last[some.user_row] = some.at
            latest.append(last)
        return latest[0], latest[1]


NO_CONTRACT = Contract()
