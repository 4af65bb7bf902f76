"""What every segment is like: size, share of the money, churn, and how many came back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recsys.churn.labels import active
from recsys.churn.models import ChurnModels
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.segments import lifecycle, rfm
from recsys.segments.clusters import Clusters
from recsys.segments.groups import Portrait
from recsys.segments.table import SegmentTable


def portraits(
    critical: Interactions,
    table: SegmentTable,
    clusters: Clusters | None,
    churn: ChurnModels,
    *,
    period_days: int,
    at: int,
) -> tuple[Portrait, ...]:
    """Return one portrait of every segment.

    What came back is measured on the last period, which is over: who was in a segment at its
    beginning, told by nothing later, and has a critical event in it.

    Parameters
    ----------
    critical : Interactions
        Of the critical kind, strictly before `at`.
    table : SegmentTable
        As of `at`; names the trait segments.
    clusters : Clusters or None
        Where users' content is compared with.
    churn : ChurnModels
        As of `at`.
    period_days : int
        Length of the period.
    at : int
        Microseconds since the epoch.
    """
    start = at - period_days * DAY
    back = np.diff(critical.between(start, at).indptr) > 0
    spent = rfm.facts(critical, at=at).value
    p = own_churn(churn, len(critical.users))
    names = _names(table, clusters)
    now = _members(critical, table, clusters, period_days=period_days, at=at)
    then = _members(critical.before(start), table, clusters, period_days=period_days, at=start)
    return tuple(
        Portrait(
            name=name,
            users=int(here.sum()),
            revenue_share=_share(spent, here),
            churn=_mean(p[here & ~np.isnan(p)]),
            churn_users=int((here & ~np.isnan(p)).sum()),
            repurchase=_mean(back[before].astype(np.float64)),
            repurchase_users=int(before.sum()),
        )
        for name, here, before in zip(names, now, then, strict=True)
    )


def own_churn(churn: ChurnModels, n_users: int) -> NDArray[np.float64]:
    """Return the probability of each active user, float64, shape (n_users,); NaN elsewhere."""
    if churn.one_to_one is None:
        return np.full(n_users, np.nan)
    present = active(churn.one_to_one.features, churn.definition.active_days)
    return np.where(present, churn.one_to_one.p, np.nan).astype(np.float64)


def _names(table: SegmentTable, clusters: Clusters | None) -> tuple[str, ...]:
    return (
        *(f"rfm:{name}" for name in rfm.NAMES),
        *(f"lifecycle:{state}" for state in lifecycle.STATES),
        *(f"cluster:{name}" for name in (clusters.names if clusters else ())),
        *table.names[len(rfm.NAMES) :],
    )


def _members(
    critical: Interactions,
    table: SegmentTable,
    clusters: Clusters | None,
    *,
    period_days: int,
    at: int,
) -> Iterator[NDArray[np.bool_]]:
    """Yield who is in each segment, in the order of the names; `critical` ends before `at`.

    The cuts of the scores are those of that time.
    """
    facts = rfm.facts(critical, at=at)
    of_rfm = rfm.segment(rfm.score(facts, rfm.fit(facts)))
    yield from _each(of_rfm, len(rfm.NAMES))
    stages = lifecycle.states(critical.at, critical.indptr, at=at, period_days=period_days)
    yield from _each(stages, len(lifecycle.STATES))
    if clusters is not None:
        yield from _each(clusters.of(critical.item_row, critical.indptr), len(clusters.names))
    ordered = facts.order_days > 0
    for row in range(len(rfm.NAMES), len(table.names)):
        yield (table.user_trait == row) & ordered


def _each(rows: NDArray[np.int8], n: int) -> Iterator[NDArray[np.bool_]]:
    for row in range(n):
        yield rows == row


def _share(spent: NDArray[np.float64], here: NDArray[np.bool_]) -> float | None:
    total = float(spent.sum())
    return float(spent[here].sum()) / total if total > 0 else None


def _mean(values: NDArray[np.floating]) -> float | None:
    return float(values.mean()) if len(values) else None
