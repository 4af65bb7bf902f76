"""The rungs that count: who took what, with what is long ago counting less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms import popularity
from recsys.algorithms.histories import Histories
from recsys.algorithms.topk import top_k
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.evaluation import metrics
from recsys.items.filters import Rests
from recsys.items.history import EventWeights
from recsys.items.popular import PopularItems, by_share
from recsys.items.segment import SegmentItems
from recsys.segments.table import SegmentTable
from training.items.windows import Window
from training.measurement import clearly_above

USUAL_DAYS = 14.0
NEVER_DAYS = 36_500.0
"""Of what does not fade: a century."""
HALF_LIVES = (4.0, 60.0, NEVER_DAYS)
"""Tried beside the usual one."""

RECENT_DAYS = 30
"""Window of "bought by N users in the last M days"."""


def fit_popular(critical: Interactions, recent: Histories, *, at: int) -> PopularItems:
    """Fit rung 0 as of `at`.

    Parameters
    ----------
    critical : Interactions
        Of the critical kind.
    recent : Histories
        From :func:`recent_histories`.
    at : int
        Microseconds since the epoch.
    """
    everybody = np.zeros(len(recent), np.int16)
    per_item, users = popularity.takers(recent, everybody, n_groups=1)
    share = (per_item[0] / max(users[0], 1.0)).astype(np.float32)
    return PopularItems(
        order=by_share(share),
        share=share,
        users=buyers(critical, everybody, n_groups=1, at=at)[0],
        days=RECENT_DAYS,
    )


def fit_segment(
    critical: Interactions,
    recent: Histories,
    segments: SegmentTable,
    popular: PopularItems,
    *,
    shrinkage: float,
    at: int,
) -> SegmentItems:
    """Fit rung 1 as of `at`, shrunk to rung 0 by `shrinkage` users; as :func:`fit_popular`."""
    n_groups = len(segments.names)
    shape = (n_groups, recent.n_items)
    per_item, users, bought = np.zeros(shape), np.zeros(n_groups), np.zeros(shape, np.int32)
    # A user is in one behavioural segment and in one trait segment; they have rows of their own.
    for group in (segments.user_segment, segments.user_trait):
        counted = popularity.takers(recent, group, n_groups=n_groups)
        per_item += counted[0]
        users += counted[1]
        bought += buyers(critical, group, n_groups=n_groups, at=at)
    prior = popular.share.astype(np.float64)
    share = popularity.shrunk(per_item, users, prior, strength=shrinkage).astype(np.float32)
    return SegmentItems(
        names=segments.names,
        order=by_share(share),
        share=share,
        users=bought,
        days=RECENT_DAYS,
        members=np.array([segments.members(row).sum() for row in range(n_groups)], np.int32),
    )


def kind_weights(kinds: tuple[str, ...], config: Config) -> NDArray[np.float64]:
    """Return the configured weight of each kind, float64, shape (n_kinds,); 0 where unknown."""
    return np.array([config.kinds[k].weight if k in config.kinds else 0.0 for k in kinds])


def kind_half_lives(
    kinds: tuple[str, ...], config: Config, *, usual: float
) -> NDArray[np.float64] | None:
    """Return the half-life of each kind in days, float64, shape (n_kinds,); None where all alike.

    `usual` is that of the kinds without one of their own.
    """
    own = [config.kinds[k].half_life_days if k in config.kinds else 0.0 for k in kinds]
    return np.array([days or usual for days in own]) if any(own) else None


def kind_caps(kinds: tuple[str, ...], config: Config) -> NDArray[np.float64] | None:
    """Return the cap of each kind, float64, shape (n_kinds,), infinite for none; None where no cap.

    In events of right now, as in :class:`recsys.items.history.EventWeights`.
    """
    own = [config.kinds[k].cap if k in config.kinds else 0.0 for k in kinds]
    return np.array([cap or np.inf for cap in own]) if any(own) else None


def kind_rests(kinds: tuple[str, ...], config: Config) -> Rests:
    """Return for how long an item rests after each kind."""
    return Rests.of_kinds(kinds, {name: kind.rest_hours for name, kind in config.kinds.items()})


def critical_kind(kinds: tuple[str, ...], config: Config) -> int:
    """Return the number of the kind of event that judges; -1 where these data have none."""
    name = config.relevant_kind
    return kinds.index(name) if name in kinds else -1


def fading(kinds: tuple[str, ...], config: Config, half_life_days: float) -> EventWeights:
    """Return weights for counting: events fade, repeats and live events are nothing special."""
    kind = kind_weights(kinds, config)
    return EventWeights(kind, half_life_days, own=1.0, live=1.0, live_own=1.0)


def recent_histories(interactions: Interactions, config: Config, *, at: int) -> Histories:
    """Return what users took lately, as of `at`."""
    half_life_days = config.items.half_life_days or USUAL_DAYS
    weights = fading(interactions.kinds, config, half_life_days)
    return weights.histories(interactions, at=at)


def popular_half_life(held: Window, config: Config) -> float:
    """Return the half-life of popularity that suits a window: the usual one but for a clear gain.

    What the configuration fixes is taken as it is.
    """
    if config.items.half_life_days:
        return config.items.half_life_days
    tried = {days: _popular_ndcg(held, days, config) for days in (USUAL_DAYS, *HALF_LIVES)}
    best = max(tried, key=lambda days: float(tried[days].mean()) if len(held.wanted) else 0.0)
    clear = clearly_above(tried[best], tried[USUAL_DAYS], config.training)
    return best if clear else USUAL_DAYS


def with_popularity(config: Config, half_life_days: float) -> Config:
    """Return the configuration with ``items.half_life_days`` said."""
    said = config.items.half_life_days or half_life_days
    items = config.items.model_copy(update={"half_life_days": said})
    return config.model_copy(update={"items": items})


def _popular_ndcg(held: Window, half_life_days: float, config: Config) -> NDArray[np.float64]:
    """Return the NDCG of what is most popular before a window, for each user who took in it."""
    weights = fading(held.before.kinds, config, half_life_days)
    takers = takers_by_item(weights.histories(held.before, at=held.cutoff))
    best = top_k(np.where(held.available, takers, -np.inf).astype(np.float32), config.items.at_k)
    lists = np.tile(best, (len(held.wanted), 1))
    hits = metrics.hits(lists, held.wanted.item_row, held.wanted.indptr)
    return metrics.ndcg(hits, held.wanted.counts)


def takers_by_item(recent: Histories) -> NDArray[np.float64]:
    """Count all users who took each item lately, float64, shape (n_items,)."""
    per_item, _ = popularity.takers(recent, np.zeros(len(recent), np.int16), n_groups=1)
    return np.asarray(per_item[0])


def buyers(
    interactions: Interactions,
    group: NDArray[np.int16],
    *,
    n_groups: int,
    at: int,
) -> NDArray[np.int32]:
    """Count the distinct users of each group with each item in the last ``RECENT_DAYS``.

    Pass interactions of the kinds that count. int32, shape (n_groups, n_items).
    """
    n_items = len(interactions.items)
    recent = (interactions.at >= at - RECENT_DAYS * DAY) & (interactions.item_row >= 0)
    recent &= group[interactions.user_row] >= 0
    user_row = interactions.user_row[recent].astype(np.int64)
    pairs = np.unique(user_row * n_items + interactions.item_row[recent])
    cell = group[pairs // max(n_items, 1)].astype(np.int64) * n_items + pairs % max(n_items, 1)
    counts = np.bincount(cell, minlength=n_groups * n_items)
    return counts.astype(np.int32).reshape(n_groups, n_items)
