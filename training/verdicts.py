"""The verdict on a rung: of all people to whom it applies, and of each kind of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.config import Training
from recsys.data.person import PersonKind
from recsys.evaluation.estimate import (
    Estimate,
    NotMeasured,
    bootstrap_mean,
    bootstrap_means,
    constant,
)
from recsys.ladder import KindVerdict, RungName, Standing, Verdict

LIKELY = 0.8
"""Chance of a lift above zero from which a rung is tried on a random half."""

FEWEST = 10
"""Users whose figures differ: of fewer, a bootstrap interval promises more than it holds."""

Verdicts = Mapping[RungName, Verdict]


@dataclass(frozen=True, slots=True)
class Gains:
    """What a rung gains on held-out users, over what each of them would otherwise get.

    Attributes
    ----------
    user_row : int, shape (n,)
        Whose gain it is: a user may have several, one a window.
    kind : object, shape (n,)
        The kind of person that the user then was.
    gain : float64, shape (n,)
        NaN where the rung does not apply.
    outcome : shape (n,), or None
        What was foretold: where it never varies, nothing is measured.
    """

    user_row: NDArray[np.integer]
    kind: NDArray[np.object_]
    gain: NDArray[np.float64]
    outcome: NDArray[np.generic] | None = None

    @classmethod
    def pooled(cls, parts: list[Gains]) -> Gains:
        """Return the gains of several windows as one."""
        return cls(
            np.concatenate([each.user_row for each in parts]),
            np.concatenate([each.kind for each in parts]),
            np.concatenate([each.gain for each in parts]),
        )

    def known(self) -> Gains:
        """Return those of users to whom the rung applies."""
        return self.where(~np.isnan(self.gain))

    def of_kind(self, kind: PersonKind) -> Gains:
        """Return those of a kind of person."""
        return self.where(self.kind == kind)

    def where(self, keep: NDArray[np.bool_]) -> Gains:
        """Return some of them."""
        outcome = None if self.outcome is None else self.outcome[keep]
        return Gains(self.user_row[keep], self.kind[keep], self.gain[keep], outcome)

    def per_user(self) -> NDArray[np.float64]:
        """Return the mean gain of each user: windows of one user are no independent evidence."""
        _, of_user, counts = np.unique(self.user_row, return_inverse=True, return_counts=True)
        return np.asarray(np.bincount(of_user, self.gain) / counts)

    def lift(self, asked: Training) -> Estimate | NotMeasured | None:
        """Return the mean over users with its interval; None with fewer than two."""
        if self.outcome is not None and (same := constant(self.outcome)):
            return same
        return bootstrap_mean(
            self.per_user(),
            seed=asked.seed,
            resamples=asked.resamples,
            confidence=asked.confidence,
        )


def verdict(
    rung: RungName,
    verdicts: Verdicts,
    metric: str,
    gains: Gains,
    asked: Training,
    *,
    may_try: bool,
) -> Verdict:
    """Judge a rung on all users to whom it applies, and on each kind of them.

    A kind gets the rung where the lower bound of *its* lift is above zero. Where that is not clear
    but likely (``LIKELY``; of a few, where it is clear of others, not unlikely), a random half gets
    it, if a trial can tell more; where it cannot, what is clear of all people stands unless the
    kind's own lift is below zero.

    Parameters
    ----------
    rung : RungName
        The rung.
    verdicts : mapping of RungName to Verdict
        On the rungs below.
    metric : str
        What was compared.
    gains : Gains
        Of the rung.
    asked : Training
        Confidence, resamples and seed.
    may_try : bool
        Whether the question is one where a trial tells. Where not, a kind that was never met gets
        what others do; it might be tried else.
    """
    gains = gains.known()
    pooled = Verdict.on(rung, highest(verdicts), metric, gains.lift(asked))
    by_kind = {
        kind: _of_kind(kind, pooled, verdicts, own, asked, may_try=may_try)
        for kind in PersonKind
        if len((own := gains.of_kind(kind)).gain) or not may_try
    }
    if not by_kind:
        return pooled
    shipped = any(each.standing is Standing.SHIPPED for each in by_kind.values())
    return replace(pooled, shipped=shipped, by_kind=by_kind, why=_in_words(pooled, by_kind))


def highest(verdicts: Verdicts, kind: PersonKind | None = None) -> RungName:
    """Return the highest rung that is shipped, for a kind of person or any."""
    found = RungName.POPULAR
    for rung in RungName:
        if rung not in verdicts:
            continue
        of = verdicts[rung]
        if of.shipped if kind is None else of.standing(kind) is Standing.SHIPPED:
            found = rung
    return found


def _of_kind(
    kind: PersonKind,
    pooled: Verdict,
    verdicts: Verdicts,
    gains: Gains,
    asked: Training,
    *,
    may_try: bool,
) -> KindVerdict:
    below = highest(verdicts, kind)
    lift, figure = gains.lift(asked), gains.per_user()
    if not isinstance(lift, Estimate) or not lift.has_width:
        standing = _unmeasured(pooled, may_try=may_try)
        why = f"{_WORDS[standing]} by what is known of others: such users tell too little"
        return KindVerdict(below, None, None, standing, why)
    means = bootstrap_means(figure, seed=asked.seed, resamples=asked.resamples)
    chance, enough = float((means > 0).mean()), int(np.count_nonzero(figure)) >= FEWEST
    if lift.clearly_above and enough:
        standing = Standing.SHIPPED
    elif may_try:
        needed = 1 - LIKELY if pooled.shipped and not enough else LIKELY
        likely = chance >= needed
        standing = Standing.TRIAL if likely else Standing.OUT
    else:
        standing = Standing.SHIPPED if pooled.shipped and lift.value >= 0 else Standing.OUT
    why = (
        f"{_WORDS[standing]}: {pooled.metric} {lift.value:+.4f} [{lift.low:+.4f}, "
        f"{lift.high:+.4f}] over {below}, above zero with a chance of {chance:.0%}, "
        f"over {lift.n:,} such users"
    )
    return KindVerdict(below, lift, chance, standing, why)


def _unmeasured(pooled: Verdict, *, may_try: bool) -> Standing:
    if not pooled.shipped:
        return Standing.OUT
    return Standing.TRIAL if may_try else Standing.SHIPPED


_WORDS = {
    Standing.SHIPPED: "shipped",
    Standing.TRIAL: "on trial for a random half",
    Standing.OUT: "not shipped",
}


def _in_words(pooled: Verdict, by_kind: Mapping[PersonKind, KindVerdict]) -> str:
    same = Standing.SHIPPED if pooled.shipped else Standing.OUT
    if all(each.standing is same for each in by_kind.values()):
        return pooled.why
    return "; ".join([pooled.why, *(f"{kind}: {each.why}" for kind, each in by_kind.items())])
