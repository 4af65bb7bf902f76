"""From what is believed of each arm to the arm that serves, for one person or for many.

``none`` (send nothing) is always eligible and worth 0, so nobody falls out; it is the last arm. An
arm is worth p·value - cost - p_unsubscribe·cost of an unsubscribe, and is left only for one that is
clearly worth more; p is how likely a response is or, where that is known, what the message adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from recsys.channel.eligibility import Offer, offers
from recsys.channel.exploration import draw
from recsys.channel.interval import Z, interval, interval_around
from recsys.channel.recipients import Addressed, Column, Recipients, entry, where
from recsys.channel.response import Belief
from recsys.channel.terms import NONE, Terms
from recsys.channel.worth import Worth, gates, pick, worth
from recsys.ladder import PROFILING, Ladder, RungName

Reals = NDArray[np.float64]
CHUNK = 2_048


@dataclass(frozen=True, slots=True)
class Situation:
    """Who is asked about, and what may be done.

    Attributes
    ----------
    people : Addressed
        Whom to decide for.
    terms : Terms
        On what terms channels may be used.
    offers : sequence of Offer
        Whether and when, in the order of the terms.
    usable : sequence of bool
        Whether each of them may be used.
    z : float
        How many deviations a challenger must be ahead, see :func:`gate`.
    """

    people: Addressed
    terms: Terms
    offers: Sequence[Offer]
    usable: Sequence[Column]
    z: Column
    _beliefs: dict[RungName, Sequence[Belief]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, people: Addressed, terms: Terms, *, offered: frozenset[str] | None = None
    ) -> Situation:
        """Return who may be sent what; `offered` as in :func:`decide_all`."""
        eligible = offers(people, terms, offered=offered)
        # A comparison with an array is one, also where a channel is excluded for all alike.
        usable = [(people.at > 0) & (offer.excluded == 0) for offer in eligible]
        bounds = gates(terms.gate_error, len(usable))
        return cls(people, terms, eligible, usable, entry(bounds, sum(usable)))

    def believed(self, rung: Posterior) -> Sequence[Belief]:
        """Return what a rung believes here; it is asked once, whoever builds on it."""
        if rung.name not in self._beliefs:
            self._beliefs[rung.name] = rung.believed(self)
        return self._beliefs[rung.name]


class Posterior(Protocol):
    """What deciding needs of a rung: what it believes, and the rung it has to beat."""

    @property
    def name(self) -> RungName:
        """Which rung this is."""

    @property
    def terms(self) -> Terms:
        """On what terms channels may be used."""

    @property
    def toll(self) -> Sequence[Worth]:
        """What a message through each channel costs, those who leave included."""

    @property
    def below(self) -> Posterior | None:
        """The highest shipped rung below; None for the lowest."""

    @property
    def simulated(self) -> bool:
        """Whether the beliefs come from simulated messages."""

    def applies(self, people: Addressed) -> Column:
        """Return to whom this rung applies."""

    def believed(self, now: Situation) -> Sequence[Belief]:
        """Return what is believed of each channel; anything where the rung does not apply."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Decisions; channels count in the order of the terms, ``none`` comes last.

    Of many, arrays of one row a person, as shaped below; of one person, numbers and lists.

    Attributes
    ----------
    arm : int64, shape (n,)
        The arm to use.
    greedy : int64, shape (n,)
        The arm that is best; `arm` where the decision does not explore.
    kept : bool, shape (n,)
        Whether `greedy` is the arm that had to be beaten, and nothing was clearly worth more.
    send_at : int64, shape (n,)
        When the quiet hours that hold now are over (microseconds); 0: now, or not at all.
    explored : bool, shape (n,)
        Whether `arm` was drawn among all eligible arms.
    pscores : float64, shape (n, n_channels + 1)
        Probability with which this decision chooses each arm.
    p, low, high, value : float64, shape (n, n_channels)
        Response probability with its interval, expected money.
    excluded : int64, shape (n, n_channels)
        Why an arm may not be used, see :class:`recsys.channel.eligibility.Exclusion`.
    rung : int64, shape (n,)
        Place of the rung that decided in the ladder.
    """

    arm: Column
    greedy: Column
    kept: Column
    send_at: Column
    explored: Column
    pscores: Any
    p: Any
    low: Any
    high: Any
    value: Any
    excluded: Any
    rung: Column

    @property
    def pscore(self) -> Reals:
        """Probability with which each of many decisions chose what it chose, shape (n,)."""
        chosen: Reals = self.pscores[np.arange(len(self.arm)), self.arm]
        return chosen

    def each(self) -> Iterator[Decided]:
        """Yield each of many decisions as that of one person."""
        columns = (getattr(self, field.name).tolist() for field in fields(self))
        return (Decided(*row) for row in zip(*columns, strict=True))


def decide_all(
    ladder: Ladder[Any, Any],
    people: Recipients,
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
    people : Recipients
        Whom to decide for.
    offered : frozenset of str or None
        Channels that the caller can use now; None: all.
    epsilon : float
        Share of decisions that explore.
    lots : float64, shape (n,), or None
        As ``ExplorationDraw.drawn`` gives them; None: the best arm for certain.
    """
    rungs = [
        (number, cast(Posterior, rung))
        for number, rung in enumerate(ladder.rungs)
        if rung.name not in ladder.verdicts or ladder.verdicts[rung.name].shipped
    ]
    return decide_by(rungs, people, offered=offered, epsilon=epsilon, lots=lots)


def decide_by(
    rungs: Sequence[tuple[int, Posterior]],
    people: Recipients,
    *,
    offered: frozenset[str] | None,
    epsilon: float,
    lots: Reals | None,
) -> Decided:
    """Decide for many by `rungs` as :func:`decide` does for one; the rest as in `decide_all`."""
    parts = []
    for rows in _chunks(len(people)):
        some, lot = people.part(rows), None if lots is None else lots[rows]
        decided = decide(rungs, some, offered=offered, epsilon=epsilon, lot=lot)
        parts.append([_array(getattr(decided, f.name), len(some)) for f in fields(Decided)])
    return Decided(*map(np.concatenate, zip(*parts, strict=True)))


def decide(
    rungs: Sequence[tuple[int, Posterior]],
    people: Addressed,
    *,
    offered: frozenset[str] | None,
    epsilon: float,
    lot: Column | None,
) -> Decided:
    """Decide by rungs, highest first, each with its place in the ladder; the last applies to all.

    A rung must beat the choice of the highest one below that applies. The rest as in
    :func:`decide_all`, but that `people` may be one person.
    """
    now = Situation.of(people, rungs[-1][1].terms, offered=offered)
    held: Column = (*now.terms.names, NONE).index(now.terms.default_arm)
    served: _Stand | None = None
    rung: Column = rungs[-1][0]
    for number, each in reversed(rungs):
        applies = each.applies(people)
        own = _stand(each, now, held=held)
        held = where(applies, own.best, held)
        serves = applies & people.profiling if each.name in PROFILING else applies
        served = own if served is None else _overlaid(served, own, serves)
        rung = where(serves, number, rung)
    if served is None:
        raise ValueError("no rung to decide by")
    return _decided(served, now, rung, epsilon=epsilon, lot=lot)


def _chunks(n: int) -> Iterator[slice]:
    # Small enough to stay in the cache; one empty chunk where there is nobody.
    for start in range(0, max(n, 1), CHUNK):
        yield slice(start, min(n, start + CHUNK))


def _array(columns: Any, n: int) -> NDArray[Any]:
    """Return a column as an array, or one column an arm as a table."""
    if isinstance(columns, list):
        return np.column_stack([np.broadcast_to(column, n) for column in columns])
    return np.broadcast_to(columns, n)


class _Stand(NamedTuple):
    """What a rung makes of it."""

    believed: Sequence[Belief]
    worths: Sequence[Worth]
    best: Column
    kept: Column


def _stand(rung: Posterior, now: Situation, *, held: Column) -> _Stand:
    believed = now.believed(rung)
    worths = worth(believed, rung.toll, now.terms)
    arms, usable = [*worths, Worth(0.0, 0.0)], [*now.usable, True]
    return _Stand(believed, worths, *pick(arms, usable, held, z=now.z))


def _overlaid(below: _Stand, above: _Stand, serves: Column) -> _Stand:
    if not isinstance(serves, np.ndarray):
        return above if serves else below
    return _Stand(
        [
            Belief(np.where(serves, own.p, under.p), np.where(serves, own.sd, under.sd))
            for own, under in zip(above.believed, below.believed, strict=True)
        ],
        [
            Worth(np.where(serves, own.value, under.value), np.nan)
            for own, under in zip(above.worths, below.worths, strict=True)
        ],
        np.where(serves, above.best, below.best),
        np.where(serves, above.kept, below.kept),
    )


def _decided(
    served: _Stand, now: Situation, rung: Column, *, epsilon: float, lot: Column | None
) -> Decided:
    drawn = draw(served.best, now.usable, epsilon=epsilon, lot=lot)
    bounds = interval_around if now.terms.uplift_in else interval
    z = Z((1 + now.terms.confidence) / 2)
    intervals = [bounds(each.p, each.sd, z=z) for each in served.believed]
    at = now.people.at
    goes_out = entry([*(offer.at for offer in now.offers), at], drawn.arm)
    return Decided(
        arm=drawn.arm,
        greedy=served.best,
        kept=served.kept,
        send_at=where(goes_out > at, goes_out, 0),
        explored=drawn.explored,
        pscores=list(drawn.pscores),
        p=[each.p for each in served.believed],
        low=[low for low, _ in intervals],
        high=[high for _, high in intervals],
        value=[each.value for each in served.worths],
        excluded=[offer.excluded for offer in now.offers],
        rung=rung,
    )
