"""Decisions that drew among all arms, to send nothing among them, and what followed each.

What followed is counted alike whatever was drawn: the same kind of interaction, by the same user,
in the same window. Nothing is attributed to a message, so that those who got none can be compared.
Who could not be reached counts as if they had been; what a later decision within the window added
is in it too, for all arms alike: each was drawn on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from recsys.channel.decision import Decision
from recsys.channel.terms import NONE
from recsys.data.ids import IdMap
from recsys.data.interactions import in_line


class Drawn(NamedTuple):
    """One decision: for whom and when, in which segment then, what was drawn and how likely."""

    user_id: str
    at: int
    segment: str
    action: int
    propensity: tuple[float, ...]


class Happenings(NamedTuple):
    """What users did: rows of the user id map, int, and when, int64 microseconds, shape (n,)."""

    user_row: NDArray[np.integer]
    at: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Randomised:
    """One row a decision; channels in the order of their names, the last arm is to send nothing.

    Attributes
    ----------
    segments : tuple of str
        What the segment numbers mean.
    window : int
        How long what followed was counted, microseconds: the longest attribution window.
    user_row : int32, shape (n,)
        Whom it was about.
    segment : int32, shape (n,)
        Of the user when it was taken; -1: none.
    at : int64, shape (n,)
        When, microseconds since the epoch.
    action : int8, shape (n,)
        The arm.
    propensity : float64, shape (n, n_channels + 1)
        Of every arm; 0 where it could not be used. Rows sum to 1.
    happened, left : bool, shape (n,)
        Whether the outcome followed, whether the user left a channel, within the window.
    """

    segments: tuple[str, ...]
    window: int
    user_row: NDArray[np.int32]
    segment: NDArray[np.int32]
    at: NDArray[np.int64]
    action: NDArray[np.int8]
    propensity: NDArray[np.float64]
    happened: NDArray[np.bool_]
    left: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.at)

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Randomised:
        """Return some of the decisions: those marked, or in the order of their rows."""
        columns = (f.name for f in fields(self) if f.name not in {"segments", "window"})
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})

    def before(self, cutoff: int) -> Randomised:
        """Return the decisions taken strictly before `cutoff`."""
        return self.where(self.at < cutoff)

    def since(self, start: int) -> Randomised:
        """Return the decisions taken at or after `start`."""
        return self.where(self.at >= start)

    def closed_by(self, at: int) -> Randomised:
        """Return the decisions of which all that followed in their window was known at `at`."""
        return self.before(at - self.window)

    def rows_in(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Return the place in `names` of each decision's segment, -1 where not among them."""
        place = {name: number for number, name in enumerate(names)}
        known = np.array([*(place.get(name, -1) for name in self.segments), -1], np.int32)
        rows: NDArray[np.int32] = known[self.segment]
        return rows


def drawn(decisions: Iterable[Decision], channels: Sequence[str]) -> list[Drawn]:
    """Return the decisions in which both a message and none had a chance.

    What a request forced no policy chose: it is left out. Arms that are not in `channels` are as if
    they had not been there: a decision for one of them is left out, and the chances of the others
    are those given that it was not drawn.
    """
    arms = (*channels, NONE)
    found = []
    for decision in decisions:
        if decision.forced:
            continue
        ranked = orjson.loads(decision.answer)["ranked"]
        told = {arm["channel"]: float(arm["propensity"]) for arm in ranked}
        chances = [told.get(name, 0.0) for name in arms]
        total = sum(chances)
        if decision.action not in arms or not 0 < chances[-1] < total:
            continue
        segment = orjson.loads(decision.features)["segment"] or ""
        shares = tuple(chance / total for chance in chances)
        action = arms.index(decision.action)
        found.append(Drawn(decision.user_id, decision.at, segment, action, shares))
    return found


def followed(
    decisions: Sequence[Drawn],
    users: IdMap,
    outcomes: Happenings,
    leaving: Happenings,
    *,
    window: int,
    until: int,
) -> Randomised:
    """Return the decisions whose window was over at `until`, with what followed them.

    In order of time, user and arm. What happened at the very instant of a decision came before it.
    It counts from the decision on, for messages that wait for the morning too.
    """
    row = users.rows(each.user_id for each in decisions)
    at = np.array([each.at for each in decisions], np.int64)
    action = np.array([each.action for each in decisions], np.int8)
    names = tuple(sorted({each.segment for each in decisions} - {""}))
    place = {name: number for number, name in enumerate(names)}
    width = max((len(each.propensity) for each in decisions), default=0)
    whole = Randomised(
        segments=names,
        window=window,
        user_row=row,
        segment=np.array([place.get(each.segment, -1) for each in decisions], np.int32),
        at=at,
        action=action,
        propensity=np.array([d.propensity for d in decisions], np.float64).reshape(-1, width or 1),
        happened=_within(row, at, window, outcomes),
        left=_within(row, at, window, leaving),
    )
    order = np.lexsort((action, row, at))
    return whole.where(order[(at[order] + window < until) & (row[order] >= 0)])


def _within(
    row: NDArray[np.int32], at: NDArray[np.int64], window: int, events: Happenings
) -> NDArray[np.bool_]:
    """Return whether the user of each row did it after `at`, up to a window later, shape (n,)."""
    instants = np.unique(events.at)
    told = np.sort(in_line(events.user_row, events.at, instants))
    until_then, until_later = (
        np.searchsorted(told, in_line(row, when, instants, side="right"))
        for when in (at, at + window)
    )
    return until_later > until_then
