"""What the learner of the blend is shown of what was held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms import als
from recsys.algorithms.als import AlsSettings
from recsys.algorithms.repeat_rate import Habits, again_rate
from recsys.algorithms.threads import one_thread
from recsys.algorithms.topk import top_k
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.evaluation import metrics
from recsys.evaluation.split import Relevant
from recsys.items.history import EventWeights, History
from recsys.items.preference import Taste, demand
from recsys.items.ranker import NEW, OWN, PAIR, RankerParts, habits_of, own
from training.items import sequences
from training.items.graphs import GraphSettings, fit_graph
from training.items.held_out import Held
from training.items.item_side import learnt_from
from training.items.popularity import critical_kind, fading, recent_histories, takers_by_item

POPULAR_HALF_LIVES = (4.0, 14.0, 60.0)
"""Days: this week's, this month's and this season's popularity."""

N_ITEM = len(POPULAR_HALF_LIVES) + 2


@dataclass(frozen=True, slots=True)
class PartSettings:
    """How the parts are fitted: what validation data chose for each alone."""

    graph: GraphSettings
    factors: AlsSettings
    on_factors: bool
    demand: float
    weights: EventWeights


@dataclass(frozen=True, slots=True)
class Fitted:
    """The parts as of an instant, with what is said of each item."""

    parts: RankerParts
    item: NDArray[np.float32]
    weights: EventWeights
    kind: int
    at: int

    def of_user(self, interactions: Interactions, user: int) -> tuple[History, Habits]:
        """Return what the parts and the blend are asked with."""
        events = interactions.of_user(user)
        history = self.weights.past(events, at=self.at)
        return history, habits_of(events, self.kind, at=self.at)


def fit_parts(
    before: Interactions,
    available: NDArray[np.bool_],
    settings: PartSettings,
    config: Config,
    *,
    at: int,
) -> Fitted:
    """Fit the parts on what was known before `at`, as of then."""
    histories = settings.weights.histories(before, at=at)
    learnt = learnt_from(histories, before.users, config.training)
    graph = fit_graph(learnt, settings.graph, seed=config.training.seed)
    factors = als.fit(learnt, settings.factors, seed=config.training.seed)
    takers = takers_by_item(recent_histories(before, config, at=at))
    tilt = demand(takers, available, exponent=settings.demand)
    taste = Taste(factors if settings.on_factors else graph, tilt)
    return Fitted(
        parts=RankerParts(taste, graph, factors, sequences.fit(before, config)),
        item=item_signals(before, config, at=at),
        weights=settings.weights,
        kind=critical_kind(before.kinds, config),
        at=at,
    )


def item_signals(interactions: Interactions, config: Config, *, at: int) -> NDArray[np.float32]:
    """Return what is said of each item whoever asks, float32, shape (N_ITEM, n_items).

    How much it is taken lately, by three half-lives; how often its takers take it again; how
    long it has been on sale.
    """
    n_items = len(interactions.items)
    critical = interactions.of_kind(config.relevant_kind)
    critical = critical.where(critical.item_row >= 0)
    takers = [
        takers_by_item(fading(interactions.kinds, config, days).histories(interactions, at=at))
        for days in POPULAR_HALF_LIVES
    ]
    first = np.full(n_items, at, np.int64)
    np.minimum.at(first, critical.item_row, critical.at)
    again = again_rate(critical.user_row, critical.item_row, critical.at // DAY, n_items=n_items)
    said = [np.log(np.array(takers) + 0.05), np.log(again + 1e-3)[None]]
    said.append(np.log1p((at - first) / DAY)[None])
    return np.concatenate(said).astype(np.float32)


SPLIT = N_ITEM + len(NEW)
"""What is said of new items comes first, then what is said of those had before."""

BLOCK = 64
"""Users whose scores are worked out at a time."""

CANDIDATES = (100, 75, 50)
"""New items shown to the learner: the best of the taste, of the factors, of popularity."""

MOST_OWN = 200


@dataclass(frozen=True, slots=True)
class ShownUsers:
    """Some users: what the learner sees of them, and how it is judged.

    Attributes
    ----------
    fitted : Fitted
        The parts, and what they were fitted on: `before`.
    before : Interactions
        All that is known.
    wanted : Relevant
        What was held out of these users.
    x : float64, shape (n, n_features)
        The items shown, one user after the other.
    had, chosen : bool, shape (n,)
        Whether the user had the item before, and whether it was held out.
    starts : int64, shape (n_users,)
        Where each user's items start.
    item_row : int32, shape (n,)
        The items.
    k : int
        Length of the lists that are judged.
    """

    fitted: Fitted
    before: Interactions
    wanted: Relevant
    x: NDArray[np.float64]
    had: NDArray[np.bool_]
    chosen: NDArray[np.bool_]
    starts: NDArray[np.int64]
    item_row: NDArray[np.int32]
    k: int


def shown(held: Held, fitted: Fitted, config: Config, *, most: int) -> ShownUsers | None:
    """Show what was held out of at most so many users, drawn by the seed; None with less than two.

    The parts know nothing of what was held out.
    """
    known = np.diff(held.before.indptr)[held.wanted.user_row] >= config.items.min_history
    users = np.flatnonzero(known)
    if len(users) < 2:
        return None
    drawn = np.random.default_rng(config.training.seed).permutation(users)[:most]
    wanted = held.wanted.of(np.sort(drawn))
    popular = np.argsort(-fitted.item[1], kind="stable").astype(np.int32)
    with one_thread("blas"):
        lists = [
            _list(fitted, had, pair, popular)
            for had, pair in said(fitted, held.before, wanted.user_row)
        ]
    sizes = np.array([len(rows) for rows, _, _ in lists])
    owner = np.repeat(np.arange(len(lists)), sizes)
    item_row = np.concatenate([rows for rows, _, _ in lists])
    width = fitted.item.shape[1]
    taken = np.repeat(np.arange(len(lists)), wanted.counts) * width + wanted.item_row
    return ShownUsers(
        fitted=fitted,
        before=held.before,
        wanted=wanted,
        x=np.concatenate([x for _, x, _ in lists]),
        had=np.concatenate([had for _, _, had in lists]),
        chosen=np.isin(owner * width + item_row, taken),
        starts=np.cumsum(sizes) - sizes,
        item_row=item_row,
        k=config.items.at_k,
    )


def ndcg(seen: ShownUsers, score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the NDCG of each user over the items that the learner saw."""
    ends = np.append(seen.starts[1:], len(score))
    lists = np.full((len(ends), seen.k), metrics.NOBODY, np.int32)
    for place, (start, end) in enumerate(zip(seen.starts, ends, strict=True)):
        best = top_k(score[start:end].astype(np.float32), seen.k)
        lists[place, : len(best)] = seen.item_row[start:end][best]
    hit = metrics.hits(lists, seen.wanted.item_row, seen.wanted.indptr)
    return metrics.ndcg(hit, seen.wanted.counts)


def said(
    fitted: Fitted, before: Interactions, users: NDArray[np.int32]
) -> Iterator[tuple[Habits, NDArray[np.float32]]]:
    """Yield the habits of each user, and what the parts say of all items; blocks at a time."""
    for start in range(0, len(users), BLOCK):
        asked = [fitted.of_user(before, user) for user in users[start : start + BLOCK].tolist()]
        pairs = fitted.parts.pair_all([history for history, _ in asked])
        yield from zip((had for _, had in asked), pairs, strict=True)


def _list(
    fitted: Fitted, had: Habits, pair: NDArray[np.float32], popular: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the items one user is shown, what is said of them, and which were had before."""
    barred = fitted.parts.taste.demand == 0
    mine = np.flatnonzero(~barred[had.item_row])
    mine = mine[np.argsort(-had.recent[mine, -1], kind="stable")[:MOST_OWN]]
    unseen = ~barred
    unseen[had.item_row] = False
    by_taste, by_factors, by_all = CANDIDATES
    best = [
        top_k(np.where(unseen, pair[row], np.float32(-np.inf)), depth)
        for row, depth in ((PAIR.index("taste"), by_taste), (PAIR.index("factors"), by_factors))
    ]
    head = popular[: by_all + len(had)]
    new = np.unique(np.concatenate([*best, head[unseen[head]][:by_all]]))
    owned = had.item_row[mine]
    x = np.zeros((len(new) + len(owned), SPLIT + N_ITEM + len(OWN)))
    x[: len(new), :N_ITEM], x[: len(new), N_ITEM:SPLIT] = fitted.item[:, new].T, pair[:, new].T
    x[len(new) :, SPLIT : SPLIT + N_ITEM] = fitted.item[:, owned].T
    x[len(new) :, SPLIT + N_ITEM :] = own(pair, had)[:, mine].T
    return np.concatenate([new, owned]), x, np.arange(len(x)) >= len(new)
