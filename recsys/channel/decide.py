"""From what is believed of each arm to the arm that serves, with a reason for every other.

``none`` (send nothing) is always eligible and worth 0, so nobody falls out. An arm is worth
p·value - cost - p_unsubscribe·cost of an unsubscribe, and is left only for one that is clearly
worth more; p is how likely a response is or, where that is known, what the message adds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import NamedTuple, Protocol

from recsys.channel.eligibility import ChannelQuery, Offer, offers_for
from recsys.channel.exploration import Draw, draw
from recsys.channel.response import Belief, Chance
from recsys.channel.terms import NONE, ChannelTerms, Terms
from recsys.data.person import Person
from recsys.ladder import Step

Z = cache(NormalDist().inv_cdf)


@dataclass(frozen=True, slots=True)
class Arm:
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
    propensity : float
        Probability with which this decision chooses it; that of the answer is its pscore.
    """

    channel: str
    p: float
    low: float
    high: float
    expected_value: float
    eligible: bool
    reason: str
    propensity: float = 0.0


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """Which channel next.

    Attributes
    ----------
    best : str
        The channel to use; ``none`` where sending nothing is best, or nothing may be sent.
    send_at : int or None
        When the quiet hours that hold now are over (microseconds); None: now, or not at all.
    ranked : tuple of Arm
        `best` first, then eligible arms, then the others, each by falling expected value.
    simulated : bool
        Whether what is believed comes from simulated messages.
    explored : bool
        Whether `best` was drawn among all eligible arms rather than chosen for its value.
    """

    best: str
    send_at: int | None
    ranked: tuple[Arm, ...]
    simulated: bool
    explored: bool = False

    @property
    def pscore(self) -> float:
        """Probability with which this decision chooses what it chose."""
        return self.ranked[0].propensity


class Posterior(Protocol):
    """What deciding needs of a rung: what it believes, and the rung it has to beat."""

    @property
    def terms(self) -> Terms:
        """On what terms channels may be used."""

    @property
    def below(self) -> Posterior | None:
        """The highest shipped rung below; None for the lowest."""

    @property
    def simulated(self) -> bool:
        """Whether the beliefs come from simulated messages."""

    def declines(self, person: Person) -> Step | None:
        """Return why this rung does not apply to this person."""

    def beliefs(self, person: Person, offers: Sequence[Offer]) -> Sequence[Belief]:
        """Return what is believed of each channel, in the order of the terms."""


class Worth(NamedTuple):
    """Expected money of one arm and its standard deviation."""

    value: float
    sd: float


class Standing(NamedTuple):
    """What a rung makes of the channels: beliefs and worths in the order of the terms.

    `incumbent` is the arm that had to be beaten; empty where the gate is open.
    """

    beliefs: Sequence[Belief]
    worths: Sequence[Worth]
    incumbent: str
    best: str


def decide(rung: Posterior, person: Person, query: ChannelQuery) -> ChannelChoice:
    """Return the arm that serves by what `rung` believes, and all others with their reasons.

    Where the query says how to explore, the arm is drawn; only eligible arms ever are.
    """
    terms = rung.terms
    offers = offers_for(person, query, terms)
    standing = _stand(rung, person, offers)
    drawn = draw(_eligible(terms, offers), standing.best, query.lot, person.user_id)
    best = drawn.arm
    arms = _arms(terms, offers, standing, drawn)
    arms.sort(key=lambda arm: (arm.channel != best, not arm.eligible, -arm.expected_value))
    send_at = None
    if best != NONE:
        at = offers[terms.names.index(best)].at
        send_at = at if at > person.at else None
    return ChannelChoice(best, send_at, tuple(arms), rung.simulated, drawn.explored)


def pick(worths: Mapping[str, Worth], incumbent: str, *, gate_error: float) -> str:
    """Return the incumbent, or the best arm that is clearly worth more.

    Clearly: (v_c - v_i) / √(s_c² + s_i²) > z(1 - gate_error / (K - 1)) with K eligible arms (a
    Bonferroni bound over the challengers), z never below 0. Where the incumbent is not eligible,
    the arm of the highest value serves.
    """
    if incumbent not in worths:
        return max(worths, key=lambda name: worths[name].value)
    held = worths[incumbent]
    z = gate(gate_error, challengers=len(worths) - 1)
    clear = [
        name
        for name, arm in worths.items()
        if name != incumbent and arm.value - held.value > z * math.hypot(arm.sd, held.sd)
    ]
    return max(clear, key=lambda name: worths[name].value, default=incumbent)


def gate(gate_error: float, *, challengers: int) -> float:
    """Return how many deviations a challenger must be ahead; 0 is an open gate."""
    level = 1 - gate_error / max(1, challengers)
    return Z(level) if level > 0.5 else 0.0


def worth(believed: Belief, channel: ChannelTerms, terms: Terms) -> Worth:
    """Return p·value - cost - price - p_unsubscribe·cost of an unsubscribe, and its deviation."""
    gain, loss = terms.response_value, terms.unsubscribe_cost
    return Worth(
        believed.response.p * gain - channel.cost - channel.price - believed.unsubscribe.p * loss,
        math.hypot(believed.response.sd * gain, believed.unsubscribe.sd * loss),
    )


def interval(chance: Chance, *, z: float) -> tuple[float, float]:
    """Return the equal-tailed interval of a Beta posterior, `z` deviations wide on either side.

    Paulson's (1942) cube-root approximation of the F distribution, solved for both ends: rates are
    small and skewed, where p ± z·sd would go below 0.
    """
    n = max(1.0, chance.p * (1 - chance.p) / chance.sd**2 - 1)
    a, b = chance.p * n, (1 - chance.p) * n
    tight_a, tight_b = 1 - 1 / (9 * a), 1 - 1 / (9 * b)
    scale = tight_b**2 - z * z / (9 * b)
    if scale <= 0:
        return 0.0, 1.0
    root = tight_a**2 / (9 * b) + tight_b**2 / (9 * a) - z * z / (81 * a * b)
    half = z * math.sqrt(max(0.0, root))
    low = a * (max(0.0, tight_a * tight_b - half) / scale) ** 3
    high = a * (max(0.0, tight_a * tight_b + half) / scale) ** 3
    # A posterior that is nearly all at 0 can have its mean above its upper quantile.
    return min(low / (low + b), chance.p), max(high / (high + b), chance.p)


def interval_around(chance: Chance, *, z: float) -> tuple[float, float]:
    """Return the interval of a difference of probabilities, by the normal distribution."""
    return max(-1.0, chance.p - z * chance.sd), min(1.0, chance.p + z * chance.sd)


def _stand(rung: Posterior, person: Person, offers: Sequence[Offer]) -> Standing:
    terms = rung.terms
    beliefs = rung.beliefs(person, offers)
    worths = [worth(b, c, terms) for b, c in zip(beliefs, terms.channels, strict=True)]
    eligible = {
        channel.channel: value
        for channel, offer, value in zip(terms.channels, offers, worths, strict=True)
        if not offer.excluded
    }
    # Through an open gate the best arm walks whoever held the place: no need to ask below.
    closed = gate(terms.gate_error, challengers=len(eligible)) > 0
    incumbent = _incumbent(rung, person, offers) if closed else ""
    best = pick(eligible | {NONE: Worth(0.0, 0.0)}, incumbent, gate_error=terms.gate_error)
    return Standing(beliefs, worths, incumbent, best)


def _incumbent(rung: Posterior, person: Person, offers: Sequence[Offer]) -> str:
    below = rung.below
    while below is not None and below.declines(person) is not None:
        below = below.below
    return rung.terms.default_arm if below is None else _stand(below, person, offers).best


def _eligible(terms: Terms, offers: Sequence[Offer]) -> list[str]:
    pairs = zip(terms.names, offers, strict=True)
    return [NONE, *(name for name, offer in pairs if not offer.excluded)]


def _arms(terms: Terms, offers: Sequence[Offer], standing: Standing, drawn: Draw) -> list[Arm]:
    z = Z((1 + terms.confidence) / 2)
    value_of = dict(zip(terms.names, (w.value for w in standing.worths), strict=True)) | {NONE: 0.0}
    held = value_of[standing.best]
    chances = drawn.propensity
    bounds = interval_around if terms.uplift_in else interval
    reason = _reason(NONE, 0.0, held, standing, drawn)
    arms = [Arm(NONE, 0.0, 0.0, 0.0, 0.0, True, reason, chances[NONE])]  # noqa: FBT003
    for name, offer, believed in zip(terms.names, offers, standing.beliefs, strict=True):
        low, high = bounds(believed.response, z=z)
        value = value_of[name]
        reason = offer.excluded or _reason(name, value, held, standing, drawn)
        p, chance = believed.response.p, chances.get(name, 0.0)
        arms.append(Arm(name, p, low, high, value, not offer.excluded, reason, chance))
    return arms


def _reason(name: str, value: float, held: float, standing: Standing, drawn: Draw) -> str:
    """Return why an eligible arm is, or is not, the answer; `held` is what the best is worth."""
    if drawn.explored and name == drawn.arm:
        return "drawn among all that may be used, to learn how people respond"
    if name == standing.best:
        kept = name == standing.incumbent
        return "kept: nothing is clearly worth more" if kept else "worth most of what may be used"
    clearly = "not clearly worth more than" if value > held else "not worth more than"
    return f"{clearly} {standing.best}"
