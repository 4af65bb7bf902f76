"""Decisions for many people at once: what :mod:`recsys.channel.decide` does, on arrays.

A test holds every decision against the one that is made alone, for fuzzed people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from recsys.channel.batch_people import Crowd, Exclusion, Offers, offers
from recsys.channel.decide import ChannelChoice, Z, gate
from recsys.channel.eligibility import ChannelQuery
from recsys.channel.response import Beliefs
from recsys.channel.terms import NONE, Terms
from recsys.ladder import PROFILING, Ladder

Reals = NDArray[np.float64]
CHUNK = 2_048


class CrowdBeliever(Protocol):
    """What deciding for many needs of a rung."""

    @property
    def terms(self) -> Terms:
        """On what terms channels may be used."""

    def applies(self, crowd: Crowd) -> NDArray[np.bool_]:
        """Return for whom this rung does not refuse."""

    def believed(self, crowd: Crowd, offered: Offers) -> Beliefs:
        """Return what is believed; anything in rows for whom the rung refuses."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Decisions, one row a person; channels count in the order of the terms, ``none`` comes last.

    Attributes
    ----------
    best : int64, shape (n,)
        The arm to use.
    send_at : int64, shape (n,)
        When the quiet hours that hold now are over (microseconds); 0: now, or not at all.
    explored : bool, shape (n,)
        Whether `best` was drawn among all eligible arms.
    propensity : float64, shape (n, n_channels + 1)
        Probability with which this decision chooses each arm.
    p, low, high, value : float64, shape (n, n_channels)
        Response probability with its interval, expected money.
    excluded : int8, shape (n, n_channels)
        Why an arm may not be used, see :class:`recsys.channel.batch_people.Exclusion`.
    rung : int8, shape (n,)
        Place of the rung that decided in the ladder.
    """

    best: NDArray[np.int64]
    send_at: NDArray[np.int64]
    explored: NDArray[np.bool_]
    propensity: Reals
    p: Reals
    low: Reals
    high: Reals
    value: Reals
    excluded: NDArray[np.int8]
    rung: NDArray[np.int8]

    @property
    def pscore(self) -> Reals:
        """Probability with which each decision chose what it chose, shape (n,)."""
        return self.propensity[np.arange(len(self.best)), self.best]


def decide_all(
    ladder: Ladder[ChannelQuery, ChannelChoice],
    crowd: Crowd,
    *,
    offered: frozenset[str] | None = None,
    epsilon: float = 0.0,
    lots: Reals | None = None,
) -> Decided:
    """Decide for everybody by the highest rung that is shipped and applies.

    Parameters
    ----------
    ladder : Ladder
        Of the channel question.
    crowd : Crowd
        The people.
    offered : frozenset of str or None
        Channels that the caller can use now; None: all.
    epsilon : float
        Share of decisions that explore.
    lots : float64, shape (n,), or None
        As ``ExplorationDraw.drawn`` gives them; None: the best arm for certain.
    """
    parts = []
    for rows in _chunks(len(crowd)):
        own = None if lots is None or not epsilon else lots[rows]
        parts.append(_decide(ladder, crowd.part(rows), offered, epsilon, own))
    columns = (
        np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Decided)
    )
    return Decided(*columns)


def _chunks(n: int) -> Iterator[slice]:
    # Small enough to stay in the cache; one empty chunk where there is nobody.
    for start in range(0, max(n, 1), CHUNK):
        yield slice(start, min(n, start + CHUNK))


class _Now(NamedTuple):
    """Who is asked about, and which arms may be used for whom; ``none`` always, in the last."""

    crowd: Crowd
    offers: Offers
    usable: NDArray[np.bool_]


class _Stand(NamedTuple):
    """What a rung makes of it."""

    believed: Beliefs
    value: Reals
    best: NDArray[np.int64]


def _decide(
    ladder: Ladder[ChannelQuery, ChannelChoice],
    crowd: Crowd,
    offered: frozenset[str] | None,
    epsilon: float,
    lots: Reals | None,
) -> Decided:
    rungs: list[CrowdBeliever] = list(ladder.rungs)  # type: ignore[arg-type]
    terms, n = rungs[-1].terms, len(crowd)
    offered_now = offers(crowd, terms, offered=offered)
    usable = np.column_stack([offered_now.excluded == Exclusion.NOTHING, np.ones(n, bool)])
    now = _Now(crowd, offered_now, usable)
    rung = np.full(n, len(rungs) - 1, np.int8)
    served = _stand(rungs[-1], now, held=np.full(n, _default(terms)))
    held = served.best
    for place in reversed(range(len(rungs) - 1)):
        name = ladder.rungs[place].name
        if (verdict := ladder.verdicts.get(name)) is not None and not verdict.shipped:
            continue
        applies = rungs[place].applies(crowd)
        own = _stand(rungs[place], now, held=held)
        serves = applies & crowd.profiling if name in PROFILING else applies
        rung[serves] = place
        served = _overlaid(served, own, serves)
        held = np.where(applies, own.best, held)
    return _decided(served, now, rung, _drawn(served.best, usable, epsilon, lots), terms=terms)


def _default(terms: Terms) -> int:
    return (*terms.names, NONE).index(terms.default_arm)


def _stand(rung: CrowdBeliever, now: _Now, *, held: NDArray[np.int64]) -> _Stand:
    terms = rung.terms
    believed = rung.believed(now.crowd, now.offers)
    gain, loss = terms.response_value, terms.unsubscribe_cost
    cost = np.array([channel.cost + channel.price for channel in terms.channels])
    value = believed.p * gain - cost - believed.leave * loss
    sd = np.hypot(believed.sd * gain, believed.leave_sd * loss)
    none = np.zeros((len(now.crowd), 1))
    worths, doubts = np.hstack([value, none]), np.hstack([sd, none])
    return _Stand(believed, value, _pick(worths, doubts, now.usable, held, terms=terms))


def _pick(
    value: Reals,
    sd: Reals,
    usable: NDArray[np.bool_],
    held: NDArray[np.int64],
    *,
    terms: Terms,
) -> NDArray[np.int64]:
    """Return what :func:`recsys.channel.decide.pick` does; the first of equals wins."""
    rows, width = np.arange(len(value)), value.shape[1]
    bounds = np.array([gate(terms.gate_error, challengers=count) for count in range(width)])
    z = bounds[usable.sum(axis=1) - 1]
    keeps = (z > 0) & usable[rows, held]
    ahead = value - value[rows, held][:, None]
    clear = usable & (ahead > z[:, None] * np.hypot(sd, sd[rows, held][:, None]))
    clear[rows, held] = False
    allowed = np.where(keeps[:, None], clear, usable)
    best: NDArray[np.int64] = np.where(allowed, value, -np.inf).argmax(axis=1)
    return np.where(allowed.any(axis=1), best, held)


def _overlaid(below: _Stand, above: _Stand, rows: NDArray[np.bool_]) -> _Stand:
    if rows.all():
        return above
    column = rows[:, None]
    believed = (
        np.where(column, over, under)
        for over, under in zip(above.believed, below.believed, strict=True)
    )
    return _Stand(
        Beliefs(*believed),
        np.where(column, above.value, below.value),
        np.where(rows, above.best, below.best),
    )


class _Drawn(NamedTuple):
    arm: NDArray[np.int64]
    propensity: Reals
    explored: NDArray[np.bool_]


def _drawn(
    greedy: NDArray[np.int64], usable: NDArray[np.bool_], epsilon: float, lots: Reals | None
) -> _Drawn:
    """Return what :func:`recsys.channel.exploration.draw` does; ``none`` is its first arm."""
    rows, width = np.arange(len(greedy)), usable.shape[1]
    if lots is None:
        certain: Reals = (np.arange(width) == greedy[:, None]).astype(np.float64)
        return _Drawn(greedy, certain, np.zeros(len(greedy), bool))
    count = usable.sum(axis=1)
    share = epsilon / count
    propensity = np.where(usable, share[:, None], 0.0)
    propensity[rows, greedy] = 1 - epsilon + share
    explored = lots < epsilon
    place = np.minimum((lots / share).astype(np.int64), count - 1)
    in_order = np.roll(usable, 1, axis=1)
    nth = (in_order.cumsum(axis=1) > place[:, None]).argmax(axis=1)
    return _Drawn(np.where(explored, (nth - 1) % width, greedy), propensity, explored)


def _decided(
    served: _Stand, now: _Now, rung: NDArray[np.int8], drawn: _Drawn, *, terms: Terms
) -> Decided:
    bounds = intervals_around if terms.uplift_in else intervals
    low, high = bounds(served.believed.p, served.believed.sd, z=Z((1 + terms.confidence) / 2))
    at = now.crowd.at
    goes_out = np.column_stack([now.offers.at, at])[np.arange(len(at)), drawn.arm]
    return Decided(
        best=drawn.arm,
        send_at=np.where(goes_out > at, goes_out, 0),
        explored=drawn.explored,
        propensity=drawn.propensity,
        p=served.believed.p,
        low=low,
        high=high,
        value=served.value,
        excluded=now.offers.excluded,
        rung=rung,
    )


def intervals(p: Reals, sd: Reals, *, z: float) -> tuple[Reals, Reals]:
    """Return what :func:`recsys.channel.decide.interval` does, for arrays of any shape."""
    n = np.maximum(1.0, p * (1 - p) / sd**2 - 1)
    a, b = p * n, (1 - p) * n
    tight_a, tight_b = 1 - 1 / (9 * a), 1 - 1 / (9 * b)
    scale = tight_b**2 - z * z / (9 * b)
    solvable = scale > 0
    safe = np.where(solvable, scale, 1.0)
    root = tight_a**2 / (9 * b) + tight_b**2 / (9 * a) - z * z / (81 * a * b)
    half = z * np.sqrt(np.maximum(0.0, root))
    low = a * (np.maximum(0.0, tight_a * tight_b - half) / safe) ** 3
    high = a * (np.maximum(0.0, tight_a * tight_b + half) / safe) ** 3
    lowest = np.where(solvable, np.minimum(low / (low + b), p), 0.0)
    return lowest, np.where(solvable, np.maximum(high / (high + b), p), 1.0)


def intervals_around(p: Reals, sd: Reals, *, z: float) -> tuple[Reals, Reals]:
    """Return what :func:`recsys.channel.decide.interval_around` does, for arrays of any shape."""
    return np.maximum(-1.0, p - z * sd), np.minimum(1.0, p + z * sd)
