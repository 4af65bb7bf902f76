"""Segments by taste for rung 1 of items: as many as held-out lists say, or none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from recsys.algorithms import popularity
from recsys.algorithms.histories import Histories
from recsys.algorithms.threads import one_thread
from recsys.algorithms.topk import top_k
from recsys.config import Config
from recsys.data.catalogue import Catalogue
from recsys.data.interactions import Interactions
from recsys.evaluation import metrics
from recsys.evaluation.split import Relevant
from recsys.items.popular import by_share
from recsys.items.segment import SegmentItems, Tastes
from recsys.segments.clusters import NO_CLUSTER, content
from recsys.segments.groups import OF_TASTE
from recsys.segments.table import SegmentTable
from training.data import TrainingData
from training.items.popularity import USUAL_DAYS, buyers, fading
from training.items.windows import Window
from training.measurement import clearly_above
from training.segments.clusters import named
from training.segments.content_vectors import ItemContents, taken_together

FACTORS = 48
SIZES = (4, 8, 16, 32)
USERS_EACH = 20
"""Of a segment, at the least: as of any cell that is not suppressed."""
MOST_CELLS = 4_000_000
"""Segments times items: their lists are kept whole."""
HALF_LIVES = (30.0, 120.0)
STRENGTHS = (10.0, 50.0)
MOST_USERS = 2_000
"""Users whose lists judge."""
MOST_LEARNT = 20_000
"""Users by whom segments are found."""
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class TasteChoice:
    """Which segments rung 1 of items goes by.

    Attributes
    ----------
    size : int
        Segments by taste; 0: RFM segments and the trait alone.
    half_life_days, strength : float
        How fast what they took fades, and users' worth of rung 0 that they are shrunk by.
    tried : tuple of (str, float)
        NDCG of the lists of each candidate, and of rung 0.
    """

    size: int = 0
    half_life_days: float = 0.0
    strength: float = 0.0
    tried: tuple[tuple[str, float], ...] = ()


NO_TASTES = TasteChoice()


def choose_tastes(
    held: Window, catalogue: Catalogue, segments: SegmentTable, config: Config
) -> TasteChoice:
    """Choose by the lists of known users at the cutoff, and of new ones after their first day.

    Tastes serve where they are clearly better than RFM segments and the trait.
    """
    about = _about(held.before, catalogue, config) if config.items.taste_segments else None
    asked = _asked(held, config)
    if about is None or not len(asked.wanted):
        return NO_TASTES
    usual = config.items.half_life_days or USUAL_DAYS
    share = _Shares.of(held.before, config, usual, at=held.cutoff)
    prior = share.prior
    plain = asked.of_table(segments)
    figures = {
        "popular": asked.ndcg(prior[None], np.zeros(len(asked.wanted), np.int64), prior, config),
        "rfm and trait": asked.ndcg(
            share.shrunk(segments, prior, config.items.segment_shrinkage), plain, prior, config
        ),
    }
    best, best_choice = figures["rfm and trait"], NO_TASTES
    for size in (each for each in SIZES if each <= config.items.taste_segments):
        tastes = _fit(about, held.before, size, config, first=0)
        if tastes is None:
            continue
        rows = asked.of_tastes(tastes)
        for days, strength in product(HALF_LIVES, STRENGTHS):
            per_item, users = _Shares.of(held.before, config, days, at=held.cutoff).of_groups(
                tastes.of_user, size
            )
            lists = popularity.shrunk(per_item, users, prior, strength=strength)
            figure = asked.ndcg(lists, rows, prior, config)
            figures[f"{size} tastes, {days:g} days, {strength:g} users"] = figure
            if figure.mean() > best.mean():
                best, best_choice = figure, TasteChoice(size, days, strength)
    told = tuple((name, float(figure.mean())) for name, figure in figures.items())
    clear = clearly_above(best, figures["rfm and trait"], config.training)
    return replace(best_choice if clear else NO_TASTES, tried=told)


def fit_tastes(
    interactions: Interactions,
    catalogue: Catalogue,
    choice: TasteChoice,
    config: Config,
    *,
    first: int,
) -> Tastes | None:
    """Return the tastes of a choice; None where it has none, or too few users have any.

    `first` is the row of the first of them among the segments.
    """
    about = _about(interactions, catalogue, config) if choice.size else None
    return None if about is None else _fit(about, interactions, choice.size, config, first=first)


@dataclass(frozen=True, slots=True)
class _Shares:
    """What users took, and how much of it is left."""

    histories: Histories

    @classmethod
    def of(cls, before: Interactions, config: Config, days: float, *, at: int) -> _Shares:
        return cls(fading(before.kinds, config, days).histories(before, at=at))

    @property
    def prior(self) -> NDArray[np.float64]:
        everybody = np.zeros(len(self.histories), np.int16)
        per_item, users = popularity.takers(self.histories, everybody, n_groups=1)
        return np.asarray(per_item[0] / max(users[0], 1.0))

    def of_groups(
        self, group: NDArray[np.int16], n: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return popularity.takers(self.histories, group, n_groups=n)

    def shrunk(
        self, segments: SegmentTable, prior: NDArray[np.float64], strength: float
    ) -> NDArray[np.float64]:
        n = len(segments.names)
        behaviour, trait = (
            self.of_groups(rows, n) for rows in (segments.user_segment, segments.user_trait)
        )
        per_item, users = behaviour[0] + trait[0], behaviour[1] + trait[1]
        return popularity.shrunk(per_item, users, prior, strength=strength)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Users of a window: known ones by their past, new ones by their first day."""

    wanted: Relevant
    available: NDArray[np.bool_]
    live: Interactions

    def of_table(self, segments: SegmentTable) -> NDArray[np.int64]:
        behaviour = segments.user_segment[self.wanted.user_row]
        trait = segments.user_trait[self.wanted.user_row]
        return np.where(behaviour >= 0, behaviour, trait).astype(np.int64)

    def of_tastes(self, tastes: Tastes) -> NDArray[np.int64]:
        rows = tastes.of_user[self.wanted.user_row].astype(np.int64)
        for place in np.flatnonzero(rows == NO_CLUSTER).tolist():
            seen = self.live.of_user(int(self.wanted.user_row[place]))
            rows[place] = tastes.clusters.of_one(seen.item_row)
        return rows

    def ndcg(
        self,
        share: NDArray[np.float64],
        rows: NDArray[np.int64],
        prior: NDArray[np.float64],
        config: Config,
    ) -> NDArray[np.float64]:
        """Return the NDCG of each user's list; who is in no segment has rung 0's."""
        k = config.items.at_k
        best = np.full((len(share) + 1, k), metrics.NOBODY, np.int32)
        for row, each in enumerate([*share, prior]):
            top = top_k(np.where(self.available, each, -np.inf).astype(np.float32), k)
            best[row, : len(top)] = top
        lists = best[np.where(rows < 0, len(share), rows)]
        hits = metrics.hits(lists, self.wanted.item_row, self.wanted.indptr)
        return metrics.ndcg(hits, self.wanted.counts)


def _asked(held: Window, config: Config) -> _Asked:
    known = np.diff(held.before.indptr) > 0
    old = held.wanted.of(np.flatnonzero(known[held.wanted.user_row]))
    new = held.wanted_later.of(np.flatnonzero(~known[held.wanted_later.user_row]))
    both = _joined(old, new)
    shuffled = np.random.default_rng(config.training.seed).permutation(len(both))
    return _Asked(both.of(np.sort(shuffled[:MOST_USERS])), held.available, held.live)


def _joined(some: Relevant, others: Relevant) -> Relevant:
    """Return the users of both; nobody is in both."""
    user, item = (
        np.concatenate([some.pair_user, others.pair_user]),
        np.concatenate([some.item_row, others.item_row]),
    )
    order = np.lexsort((item, user))
    rows, counts = np.unique(user, return_counts=True)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
    return Relevant(rows.astype(np.int32), indptr, item[order])


def _about(before: Interactions, catalogue: Catalogue, config: Config) -> ItemContents | None:
    """Return what items are about: who takes what with what, called by category or title."""
    speaking, seed = _learnt_from(before, config), config.training.seed
    some = len(np.unique(speaking.item_row)), np.count_nonzero(np.diff(speaking.indptr))
    factors = min(FACTORS, *(int(n) // 2 for n in some))
    about = taken_together(speaking, catalogue, seed=seed, factors=factors) if factors > 1 else None
    if about is None:
        return None
    called = zip(catalogue.category, about.labels, strict=True)
    return replace(about, labels=tuple(category or label for category, label in called))


def _learnt_from(before: Interactions, config: Config) -> Interactions:
    """Return the events that speak for an item of at most ``MOST_LEARNT`` users, drawn."""
    speaking = _speaking(before, config)
    users = np.flatnonzero(np.diff(speaking.indptr))
    if len(users) <= MOST_LEARNT:
        return speaking
    drawn = np.zeros(len(speaking.users), bool)
    drawn[np.random.default_rng(config.training.seed).permutation(users)[:MOST_LEARNT]] = True
    return speaking.where(drawn[speaking.user_row])


def _speaking(interactions: Interactions, config: Config) -> Interactions:
    """Return the events that speak for an item."""
    kinds = [kind for kind in interactions.kinds if kind in config.kinds]
    return interactions.of_kind(*(kind for kind in kinds if config.kinds[kind].weight > 0))


def _fit(
    about: ItemContents, before: Interactions, size: int, config: Config, *, first: int
) -> Tastes | None:
    """Return so many segments; None where users are too few or too alike, or items too many."""
    speaking, seed = _learnt_from(before, config), config.training.seed
    _, vectors = content(about.vectors, speaking.item_row, speaking.indptr, least=1)
    users = vectors[vectors.any(axis=1)]
    if len(users) < size * USERS_EACH or size * len(about.vectors) > MOST_CELLS:
        return None
    if len(np.unique(users.round(DECIMALS), axis=0)) < size:
        return None
    with one_thread():
        fitted = KMeans(size, n_init=3, random_state=seed).fit(users)
    centres = fitted.cluster_centers_.astype(np.float32)
    clusters = named(centres, about, speaking, stability=float("nan"), min_items=1)
    everybody = _speaking(before, config)
    of_user = clusters.of(everybody.item_row, everybody.indptr).astype(np.int16)
    return Tastes(clusters, of_user, first)


def with_tastes(
    segment: SegmentItems,
    data: TrainingData,
    choice: TasteChoice,
    config: Config,
    *,
    at: int,
) -> SegmentItems:
    """Return rung 1 with the segments by taste that were chosen after its own; none, where none.

    Parameters
    ----------
    segment : SegmentItems
        By RFM segments and the trait.
    data, choice, config, at
        As :func:`training.items.fit.fit` has them; rung 0 as of the choice's half-life.
    """
    interactions, first = data.interactions, len(segment.names)
    tastes = fit_tastes(interactions, data.catalogue, choice, config, first=first)
    if tastes is None:
        return segment
    usual = config.items.half_life_days or USUAL_DAYS
    prior = _Shares.of(interactions, config, usual, at=at).prior
    shares = _Shares.of(interactions, config, choice.half_life_days, at=at)
    per_item, users = shares.of_groups(tastes.of_user, choice.size)
    share = popularity.shrunk(per_item, users, prior, strength=choice.strength).astype(np.float32)
    critical = interactions.of_kind(config.relevant_kind)
    bought = buyers(critical, tastes.of_user, n_groups=choice.size, at=at)
    members = np.bincount(tastes.of_user[tastes.of_user >= 0], minlength=choice.size)
    return replace(
        segment,
        names=(*segment.names, *(f"{OF_TASTE}{name}" for name in tastes.clusters.names)),
        order=np.concatenate([segment.order, by_share(share)]),
        share=np.concatenate([segment.share, share]),
        users=np.concatenate([segment.users, bought]),
        members=np.concatenate([segment.members, members.astype(np.int32)]),
        tastes=tastes,
    )
