"""A decision about one person, in words: the arm to use, and every other with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from recsys.channel.decide import Decided, Posterior, decide, decide_by
from recsys.channel.eligibility import ChannelQuery, Exclusion
from recsys.channel.recipients import Recipient, Recipients
from recsys.channel.terms import NONE, Terms
from recsys.channel.worth import gate
from recsys.data.person import Person
from recsys.words import once


class RankedArm(NamedTuple):
    """One channel, or ``none``, as it stands for this person now.

    Attributes
    ----------
    channel : str
        Its name.
    p, low, high : float
        Probability of a response to one message, with its interval; 0 for ``none``. Where uplift
        serves, what one message adds to the probability of the outcome, -1 to 1.
    expected_value : float
        Money that one message is expected to bring, net of its cost and of those who leave.
    eligible : bool
        Whether it may be used.
    reason : str
        Why it is, or is not, the answer.
    pscore : float
        Probability with which this decision chooses it.
    """

    channel: str
    p: float
    low: float
    high: float
    expected_value: float
    eligible: bool
    reason: str
    pscore: float


_EXCLUSIONS = tuple(Exclusion)


class ChannelChoice(Struct, frozen=True):
    """Which channel next.

    Attributes
    ----------
    best : str
        The channel to use; ``none`` where sending nothing is best, or nothing may be sent.
    send_at : int or None
        When the quiet hours that hold now are over (microseconds); None: now, or not at all.
    ranked : tuple of RankedArm
        `best` first, then eligible arms, then the others, each by falling expected value.
    simulated : bool
        Whether what is believed comes from simulated messages.
    explored : bool
        Whether `best` was drawn among all eligible arms rather than chosen for its value.
    """

    best: str
    send_at: int | None
    ranked: tuple[RankedArm, ...]
    simulated: bool
    explored: bool = False

    @property
    def pscore(self) -> float:
        """Probability with which this decision chooses what it chose."""
        return self.ranked[0].pscore


def choose(rung: Posterior, person: Person, query: ChannelQuery) -> ChannelChoice:
    """Return the arm that serves by what `rung` believes, and all others with their reasons.

    Where the query says how to explore, the arm is drawn; only eligible arms ever are. The
    rules are those for many: :func:`recsys.channel.decide.decide`.
    """
    lot = query.lot
    decided = decide(
        list(enumerate(_in_line(rung))),
        Recipient(person),
        offered=query.offered,
        epsilon=lot.epsilon if lot else 0.0,
        lot=lot.drawn(person.user_id) if lot and lot.epsilon else None,
    )
    return _choice(decided, rung)


def choose_all(
    rung: Posterior, people: Sequence[Person], query: ChannelQuery
) -> list[ChannelChoice]:
    """Return what :func:`choose` does of each, up to rounding, for less than one by one."""
    lot = query.lot
    decided = decide_by(
        list(enumerate(_in_line(rung))),
        Recipients.of(people, rung.terms),
        offered=query.offered,
        epsilon=lot.epsilon if lot else 0.0,
        lots=np.array([lot.drawn(p.user_id) for p in people]) if lot and lot.epsilon else None,
    )
    return [_choice(each, rung) for each in decided.each()]


def _choice(decided: Decided, rung: Posterior) -> ChannelChoice:
    channels = rung.terms.channels
    best = NONE if decided.arm == len(channels) else channels[decided.arm].channel
    arms = sorted(
        _arms(decided, rung.terms),
        key=lambda arm: (arm.channel != best, not arm.eligible, -arm.expected_value),
    )
    return ChannelChoice(
        best, decided.send_at or None, tuple(arms), rung.simulated, decided.explored
    )


def _in_line(rung: Posterior) -> Iterator[Posterior]:
    """Yield the rung and those it has to beat, highest first."""
    yield rung
    # Through an open gate the best arm walks whoever held the place: no need to ask below.
    if gate(rung.terms.gate_error, challengers=len(rung.terms.channels)) > 0:
        below = rung.below
        while below is not None:
            yield below
            below = below.below


def _arms(decided: Decided, terms: Terms) -> Iterator[RankedArm]:
    """Yield ``none``, then the channels in the order of the terms."""
    values, nothing = [*decided.value, 0.0], len(terms.channels)
    greedy = NONE if decided.greedy == nothing else terms.channels[decided.greedy].channel
    why = _reason(nothing, decided, values, greedy)
    yield RankedArm(NONE, 0.0, 0.0, 0.0, 0.0, eligible=True, reason=why, pscore=decided.pscores[-1])
    for number, channel in enumerate(terms.channels):
        excluded = decided.excluded[number]
        yield RankedArm(
            channel.channel,
            decided.p[number],
            decided.low[number],
            decided.high[number],
            values[number],
            eligible=not excluded,
            reason=(
                _EXCLUSIONS[excluded].of(channel)
                if excluded
                else _reason(number, decided, values, greedy)
            ),
            pscore=decided.pscores[number],
        )


def _reason(number: int, decided: Decided, values: list[float], best: str) -> str:
    """Return why an eligible arm is, or is not, the answer; `best` is the greedy one."""
    if decided.explored and number == decided.arm:
        return once("arm.drawn")
    if number == decided.greedy:
        return once("arm.kept" if decided.kept else "arm.best")
    more = values[number] > values[decided.greedy]
    return once("arm.not_clearly_more" if more else "arm.not_more", best=best)
