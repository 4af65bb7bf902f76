"""How likely users are to stay away, from nothing but times and amounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.additive import AdditiveSettings
from recsys.algorithms.lifetime import bgnbd
from recsys.churn import labels, popular, segment, snapshot
from recsys.churn import warnings as shift
from recsys.churn.calibration import level
from recsys.churn.labels import Definition, Labelled
from recsys.churn.risk import probability
from recsys.churn.snapshot import PLACE
from recsys.churn.usage_interval import usage_interval
from recsys.data.interactions import Interactions
from recsys.data.person import NO_SEGMENT
from recsys.data.times import DAY
from recsys.evaluation.classification import auc
from recsys.segments import rfm
from recsys.value import lifetime
from training.forecast import mixture
from training.forecast.rhythm import rhythm

CUTOFFS = 8
MAX_ROWS = 200_000
SETTINGS = AdditiveSettings()
TRIAL_SETTINGS = AdditiveSettings(n_members=2)
SHRINKAGE = 200.0
OVERDUE = 1.5
P0_LEVEL_SHARE = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChurnForecast:
    """Users active at the cut-off.

    Attributes
    ----------
    user_row : int64, shape (n,)
        Who they are: whoever did anything in the active window, a return too.
    p : float64, shape (n,)
        Probability of no purchase within the horizon.
    how : str
        What it was learnt with, and why with nothing better.
    warnings : tuple of str
        Why the level may be off, as far as the past can tell.
    """

    user_row: NDArray[np.int64]
    p: Floats
    how: str
    warnings: tuple[str, ...]


def forecast(
    interactions: Interactions, definition: Definition, *, at: int, seed: int
) -> ChurnForecast:
    """Return the probability of churn of the users active at `at`.

    The model is the mean, in log-odds, of an additive one, of a ridge regression and of boosting
    with interactions, all on the snapshot, on P0 of BG/NBD and on the rhythm of purchases, learnt
    from earlier cut-offs whose windows closed. Its level is half way to that of P0: earlier
    cut-offs saw younger users, and the drift shows in P0 first (better log loss on nine of eleven
    earlier windows of two shops, and never much worse). It is taken unless P0 ranked the last of
    them better; then, and where the data are too few, P0 is; below that the rate of the RFM cell,
    and a rule on the own gap.

    Parameters
    ----------
    interactions : Interactions
        Only what is before `at` is looked at.
    definition : Definition
        What churn means.
    at : int
        Microseconds since the epoch.
    seed : int
        Same seed, same forecast.
    """
    before = interactions.before(at)
    features = snapshot.of_all(before, definition.critical_kind, at=at)
    rows = np.flatnonzero(
        labels.active(features, definition.active_days) | _seen_lately(before, definition, at=at)
    )
    now = Labelled(
        features[rows], np.zeros(len(rows), bool), rows.astype(np.int32), np.full(len(rows), at)
    )
    closed = labels.closed(before, definition, until=at, n=CUTOFFS)
    p, how, apart = _best(before, definition, closed, now, seed)
    season = shift.season(begin=labels.start(before), at=at, horizon_days=definition.horizon_days)
    moved = shift.moved(shift.base_rates(closed))
    return ChurnForecast(rows, p, how, tuple(filter(None, (season, moved, apart))))


def _best(
    before: Interactions, definition: Definition, closed: Labelled, now: Labelled, seed: int
) -> tuple[Floats, str, str]:
    """Return probabilities, what they were learnt with, and whether P0 sees another level."""
    if not len(now):
        days = definition.active_days
        return np.empty(0), f"nobody is active: nothing happened in the {days} days before", ""
    critical = before.of_kind(definition.critical_kind)
    scarce = lifetime.purchases(critical, at=int(now.at[0])).too_few
    if scarce:
        return *_simple(critical, definition, closed, now, f"no BG/NBD: {scarce}"), ""
    facing = _seen(critical, definition, now)
    why = labels.too_few(closed)
    if why:
        return probability(facing.p0), f"BG/NBD P0, for the model was {why}", ""
    learning = _seen(critical, definition, closed)
    lost = _lost(learning, definition, seed)
    if lost:
        return probability(facing.p0), f"BG/NBD P0, for {lost}", ""
    how = f"additive model, ridge regression, boosting on {len(closed):,} rows of earlier cut-offs"
    logit, p0 = learning.learnt(SETTINGS, seed)(facing.x), probability(facing.p0)
    p = probability(logit + P0_LEVEL_SHARE * level(logit, p0))
    return p, how, shift.apart(probability(logit), p0)


def _seen_lately(before: Interactions, definition: Definition, *, at: int) -> NDArray[np.bool_]:
    lately = before.at >= at - definition.active_days * DAY
    return np.bincount(before.user_row[lately], minlength=len(before.users)) > 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """Labelled rows with all that the model looks at.

    Attributes
    ----------
    rows : Labelled
        Who, when, and what came of it.
    x : float64, shape (n, n_columns)
        Snapshot, log-odds of P0, rhythm.
    p0 : float64, shape (n,)
        Log-odds of P0.
    """

    rows: Labelled
    x: Floats
    p0: Floats

    def where(self, keep: NDArray[np.bool_]) -> _Seen:
        return _Seen(self.rows.where(keep), self.x[keep], self.p0[keep])

    def learnt(self, settings: AdditiveSettings, seed: int) -> Callable[[Floats], Floats]:
        seen = self
        if len(self.rows) > MAX_ROWS:
            drawn = np.random.default_rng(seed).random(int(self.rows.user_row.max()) + 1)
            seen = self.where(drawn[self.rows.user_row] < MAX_ROWS / len(self.rows))
        rows = seen.rows
        return mixture.learnt(seen.x, rows.churned, rows.user_row, settings=settings, seed=seed)


def _seen(critical: Interactions, definition: Definition, rows: Labelled) -> _Seen:
    """Return what was to be seen of the rows at their own cut-offs, and not later."""
    horizon = definition.horizon_days
    width = rhythm(critical.before(0), at=0, horizon_days=horizon).shape[1]
    p0, more = np.zeros(len(rows)), np.zeros((len(rows), width))
    for at in np.unique(rows.at).tolist():
        here, before = rows.at == at, critical.before(at)
        owner = rows.user_row[here]
        p0[here] = _silent(before, at=at, horizon_days=horizon)[owner]
        more[here] = rhythm(before, at=at, horizon_days=horizon)[owner]
    return _Seen(rows, np.column_stack([rows.features, p0, more]), p0)


def _silent(before: Interactions, *, at: int, horizon_days: int) -> Floats:
    """Return the log-odds of P0 of every user; 0 where too little was known to fit it."""
    bought = lifetime.purchases(before, at=at)
    log_odds = np.zeros(len(before.users))
    if not bought.too_few:
        weeks = horizon_days / lifetime.WEEK_DAYS
        p = bgnbd.fit(bought.repeats).silent(bought.repeats, weeks)
        p = np.clip(p, 1e-6, 1 - 1e-6)
        log_odds[bought.user_row] = np.log(p / (1 - p))
    return log_odds


def _lost(learning: _Seen, definition: Definition, seed: int) -> str:
    """Return why the model lost the last closed cut-off against P0, or an empty string."""
    last = learning.rows.at == learning.rows.at.max()
    until = learning.rows.at.max() - definition.horizon_days * DAY
    earlier = learning.where(learning.rows.at <= until)
    if labels.too_few(earlier.rows):
        return ""
    judged = learning.where(last)
    logit, happened = earlier.learnt(TRIAL_SETTINGS, seed)(judged.x), judged.rows.churned
    if auc(happened, logit) < auc(happened, judged.p0):
        return "it ranked the last closed window better than the model"
    return ""


def _simple(
    critical: Interactions, definition: Definition, closed: Labelled, now: Labelled, why: str
) -> tuple[Floats, str]:
    if not len(closed):
        return _ruled(critical, definition, now), f"a rule on the own gap, uncalibrated; {why}"
    nobody = np.full(len(critical.users), NO_SEGMENT, np.int16)
    base = popular.fit(closed, horizon_days=definition.horizon_days, z=1.96)
    facts = rfm.facts(critical, at=int(now.at[0]))
    cell = rfm.segment(rfm.score(facts, rfm.fit(facts)))[now.user_row].astype(np.int16)
    members = segment.memberships(critical, closed, nobody)
    cells = segment.fit(members, base, rfm.NAMES, active_segment=cell, shrinkage=SHRINKAGE, z=1.96)
    p = np.where(cell == NO_SEGMENT, base.p, cells.p[cell])
    return p, f"rate of the RFM segment; {why}"


def _ruled(critical: Interactions, definition: Definition, now: Labelled) -> Floats:
    """Return a score that is one half where a user is ``OVERDUE`` times the usual gap away."""
    usual = usage_interval(critical, at=int(now.at[0])).days or definition.horizon_days
    gap = now.features[:, PLACE["gap_median_days"]].astype(np.float64)
    overdue = now.features[:, PLACE["recency_days"]] / np.where(np.isnan(gap), usual, gap) / OVERDUE
    # who only ever returned things is neither late nor early
    overdue = np.where(np.isnan(overdue), 1.0, overdue)
    ruled: Floats = overdue / (1 + overdue)
    return ruled
