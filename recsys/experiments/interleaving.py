"""Two rankers in one list: who picked what is clicked tells which ranks better, within days.

It ranks rankers that show the same items. It tells nothing of revenue or churn; caps and pins bias
it, so that a list is interleaved before they act.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

Item = TypeVar("Item", bound="int | str")


class Team(IntEnum):
    """Which ranker an item was picked by; what both rank alike at the top is nobody's."""

    NOBODY = -1
    A = 0
    B = 1


@dataclass(frozen=True, slots=True)
class Drafted(Generic[Item]):
    """A list of two rankers: items in order, and the team of each."""

    items: tuple[Item, ...]
    teams: tuple[Team, ...]

    def winner(self, clicked: Collection[Item]) -> Team:
        """Return the team with more clicks, ``NOBODY`` for a tie."""
        of = [team for item, team in zip(self.items, self.teams, strict=True) if item in clicked]
        lead = of.count(Team.B) - of.count(Team.A)
        return Team.NOBODY if lead == 0 else Team.B if lead > 0 else Team.A


def team_draft(a: Sequence[Item], b: Sequence[Item], length: int, *, seed: int) -> Drafted[Item]:
    """Return one list of two (Radlinski, Kurup & Joachims 2008).

    In each round a coin decides who picks first; each adds its best item that is not there yet.
    A prefix that both share earns no credit.

    Parameters
    ----------
    a, b : sequence
        Items, best first, each once.
    length : int
        Most items wanted; fewer where both end before.
    seed : int
        The same seed tosses the same coins.
    """
    coin = random.Random(seed)  # noqa: S311 - a coin of an experiment
    shared = _shared(a, b, length)
    items, teams = [*a[:shared]], [Team.NOBODY] * shared
    left = {Team.A: list(reversed(a[shared:])), Team.B: list(reversed(b[shared:]))}
    taken = set(items)
    while len(items) < length and any(left.values()):
        first = Team.A if coin.random() < 0.5 else Team.B
        for team in (first, Team(1 - first)):
            if len(items) < length and (item := _best(left[team], taken)) is not None:
                items.append(item)
                teams.append(team)
                taken.add(item)
    return Drafted(tuple(items), tuple(teams))


@dataclass(frozen=True, slots=True)
class Preference:
    """Which of two rankers people prefer.

    Attributes
    ----------
    wins_a, wins_b, ties : int
        People whose clicks went to a ranker more often than to the other.
    difference : float
        (wins of B + ties / 2) / people - ½, in [-½, ½].
    p : float
        Two-sided p-value of the sign test, ties left out; 1 where all are ties.
    """

    wins_a: int
    wins_b: int
    ties: int
    difference: float
    p: float

    @property
    def people(self) -> int:
        """All of them."""
        return self.wins_a + self.wins_b + self.ties


def preference(leads: Iterable[float]) -> Preference:
    """Compare two rankers by people.

    Parameters
    ----------
    leads : iterable of float
        Of each person: lists won by B less lists won by A.
    """
    # Lists are drafted by a service, which does without scipy.
    from scipy.special import bdtr

    signs = [(lead > 0) - (lead < 0) for lead in leads]
    wins_b, wins_a, ties = signs.count(1), signs.count(-1), signs.count(0)
    decided, people = wins_a + wins_b, len(signs)
    difference = (wins_b + ties / 2) / people - 0.5 if people else 0.0
    p = min(1.0, 2 * float(bdtr(min(wins_a, wins_b), decided, 0.5))) if decided else 1.0
    return Preference(wins_a, wins_b, ties, difference, p)


def _shared(a: Sequence[Item], b: Sequence[Item], length: int) -> int:
    shared = 0
    for one, other in zip(a[:length], b[:length], strict=False):
        if one != other:
            break
        shared += 1
    return shared


def _best(left: list[Item], taken: Collection[Item]) -> Item | None:
    while left:
        item = left.pop()
        if item not in taken:
            return item
    return None
