"""Now and then another arm than the best: with a known probability, drawn once a decision.

π(a) = (1 - ε)·1[a is the greedy arm] + ε/|E| over the eligible arms E, ``none`` among them: the
ε-greedy policy (Sutton & Barto 2018, section 2.2), whose log can be learnt from because every arm
that might have been used has a probability above 0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from recsys.channel.recipients import Column, where

_SPAN = 2.0**-53


@dataclass(frozen=True, slots=True)
class ExplorationDraw:
    """The lot of one decision.

    Attributes
    ----------
    decision : str
        Its id: asked again under the same id, the same user gets the same arm.
    epsilon : float
        Share of decisions in which every eligible arm is as likely as any other, 0 to 1.
    seed : int
        Another seed, other draws.
    """

    decision: str
    epsilon: float
    seed: int

    def drawn(self, user_id: str) -> float:
        """Return a number in [0, 1), uniform over users and decisions.

        The first 53 bits of the SHA-256 of seed, user and decision, with the length of the user id
        so that no two pairs look alike.
        """
        key = f"{self.seed}:{len(user_id)}:{user_id}:{self.decision}".encode(
            "utf-8", "surrogatepass"
        )
        return (int.from_bytes(hashlib.sha256(key).digest()[:8]) >> 11) * _SPAN


@dataclass(frozen=True, slots=True)
class ExplorationSchedule:
    """What share of decisions explores: more while there is little to learn from.

    Attributes
    ----------
    start, settled : float
        Before and after every arm has `enough` messages.
    enough : int
        Messages through an arm.
    seed : int
        Of the lots.
    """

    start: float
    settled: float
    enough: int
    seed: int = 0

    def epsilon(self, messages: Sequence[int]) -> float:
        """Return the share, given the messages through each arm; without any, the start's."""
        return self.settled if min(messages, default=0) >= self.enough else self.start


class ArmsDrawn(NamedTuple):
    """The arms that were drawn, and how likely each was; columns of one person or of many.

    `arm` is its number; ``none`` is the last. `pscores` is one column an arm: 0 where it may not be
    used, and 1 in all. `explored` is whether the lot was to explore; it may then still have met the
    greedy arm.
    """

    arm: Column
    pscores: Sequence[Column]
    explored: Column


def draw(
    greedy: Column, usable: Sequence[Column], *, epsilon: float, lot: Column | None
) -> ArmsDrawn:
    """Draw one of the eligible arms.

    Parameters
    ----------
    greedy : int
        The arm that is best; one of the usable ones.
    usable : sequence of bool
        Which channels may be used; ``none``, the arm after them, always is.
    epsilon : float
        See :class:`ExplorationDraw`.
    lot : float or None
        As :meth:`ExplorationDraw.drawn` gives it; None: the greedy arm for certain.
    """
    nothing = len(usable)
    if lot is None or not epsilon:
        certain = [where(greedy == arm, 1.0, 0.0) for arm in range(nothing + 1)]
        return ArmsDrawn(greedy, certain, greedy < 0)
    count = sum(usable) + 1
    share = epsilon / count
    pscores = [
        0.0 if may is False else where(greedy == arm, 1 - epsilon + share, where(may, share, 0.0))
        for arm, may in enumerate((*usable, True))
    ]
    explored = lot < epsilon
    if explored is False:
        return ArmsDrawn(greedy, pscores, explored)
    nth = where(explored, lot, 0.0) / share // 1
    nth = where(nth < count, nth, count - 1)
    # To send nothing is drawn first, whatever channels there are.
    drawn, passed = nothing, 0
    for arm, may in enumerate(usable):
        passed = passed + may
        drawn = where(may & (passed == nth), arm, drawn)
    return ArmsDrawn(where(explored, drawn, greedy), pscores, explored)
