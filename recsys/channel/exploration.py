"""Now and then another arm than the best: with a known probability, drawn once a decision.

π(a) = (1 - ε)·1[a is the greedy arm] + ε/|E| over the eligible arms E, ``none`` among them: the
ε-greedy policy (Sutton & Barto 2018, section 2.2), whose log can be learnt from because every arm
that might have been used has a probability above 0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Draw:
    """The arm that was drawn, and how likely each was.

    Attributes
    ----------
    arm : str
        The arm.
    propensity : dict of str to float
        Of every eligible arm; sums to 1. The drawn arm's is the decision's pscore.
    explored : bool
        Whether the lot was to explore; it may then still have met the greedy arm.
    """

    arm: str
    propensity: dict[str, float]
    explored: bool


def draw(eligible: Sequence[str], greedy: str, lot: ExplorationDraw | None, user_id: str) -> Draw:
    """Draw one of the eligible arms.

    Parameters
    ----------
    eligible : sequence of str
        The arms that may be used, `greedy` among them, in an order that does not depend on it.
    greedy : str
        The arm that is best.
    lot : ExplorationDraw or None
        None: the greedy arm for certain.
    user_id : str
        Whom the decision is about.
    """
    if lot is None or not lot.epsilon:
        return Draw(greedy, {arm: float(arm == greedy) for arm in eligible}, explored=False)
    share = lot.epsilon / len(eligible)
    propensity = dict.fromkeys(eligible, share)
    propensity[greedy] = 1 - lot.epsilon + share
    number = lot.drawn(user_id)
    if number >= lot.epsilon:
        return Draw(greedy, propensity, explored=False)
    place = min(int(number / share), len(eligible) - 1)
    return Draw(eligible[place], propensity, explored=True)
