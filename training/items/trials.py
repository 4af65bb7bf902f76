"""Graphs and factorisations tried on a validation window, each with its best settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms import als, neighbours
from recsys.algorithms.als import AlsFactors, AlsSettings
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours, NeighbourSettings
from recsys.algorithms.topk import top_k
from recsys.config import Config, ItemModel
from recsys.evaluation import metrics
from recsys.evaluation.split import Relevant
from recsys.items.preference import Taste, demand
from training.data import TrainingData
from training.items.choice import ItemChoice, TriedModel, event_weights
from training.items.popularity import recent_histories, takers_by_item
from training.items.windows import Window, validation_window
from training.measurement import clearly_above

MAX_USERS = 1_000
"""Validation users looked at, drawn by the seed: more change little but the time."""

CHUNK = 256

HALF_LIVES = (90.0, 180.0, 720.0)

DEMAND = (0.0, 0.2, 0.4, 0.6)

GRAPHS = tuple(NeighbourSettings(weighting, 50) for weighting in ("bm25", "cosine", "tfidf"))

WIDER = 200
"""Neighbours of one more graph, of the best weighting."""

GRAPH_OWN = (0.0, 3.0, 10.0, 20.0)

FACTORS = (
    AlsSettings(factors=64, alpha=5.0, regularization=20.0),
    AlsSettings(factors=64, alpha=20.0, regularization=20.0),
    AlsSettings(factors=128, alpha=5.0, regularization=20.0),
)

FACTOR_OWN = (0.0, 0.3, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Ground:
    """What every trial stands on: the window, the users asked, what they wanted."""

    config: Config
    held: Window
    wanted: Relevant
    wanted_later: Relevant
    takers: NDArray[np.float64]
    available: NDArray[np.bool_]

    def histories(self, half_life_days: float) -> Histories:
        """Return everybody's history before the window, at this half-life."""
        before = self.held.before
        weights = event_weights(
            ItemChoice(half_life_days=half_life_days), before.kinds, self.config
        )
        return weights.histories(before, at=self.held.cutoff)


def ground(data: TrainingData, config: Config) -> Ground:
    """Return the ground of the last window of `data`."""
    held = validation_window(data, config)
    known = np.diff(held.before.indptr) > 0
    return Ground(
        config=config,
        held=held,
        wanted=_drawn(held.wanted, known, config.training.seed),
        wanted_later=_drawn(held.wanted_later, known, config.training.seed),
        takers=takers_by_item(recent_histories(held.before, config, at=held.cutoff)),
        available=data.catalogue.available,
    )


def _drawn(wanted: Relevant, known: NDArray[np.bool_], seed: int) -> Relevant:
    users = np.flatnonzero(known[wanted.user_row])
    shuffled = np.random.default_rng(seed).permutation(users)
    return wanted.of(np.sort(shuffled[:MAX_USERS]))


def graphs(model: ItemModel) -> Sequence[NeighbourSettings]:
    """Return the item graphs to try: fewer, the more of them is fixed."""
    fixed = (
        NeighbourSettings(model.weighting or g.weighting, model.neighbours or g.neighbours)
        for g in GRAPHS
    )
    return tuple(dict.fromkeys(fixed))


def factorisations(model: ItemModel) -> Sequence[AlsSettings]:
    """Return the factorisations to try: fewer, the more of them is fixed."""
    fixed = (
        AlsSettings(
            factors=model.factors or f.factors,
            alpha=model.alpha or f.alpha,
            regularization=model.regularization or f.regularization,
        )
        for f in FACTORS
    )
    return tuple(dict.fromkeys(fixed))


def graph_trials(
    ground: Ground, progress: Callable[[str], None]
) -> list[TriedModel[NeighbourSettings]]:
    """Try the graphs, a wider one of the best weighting, then other half-lives of the best."""
    model = ground.config.items.model
    half_life_days = model.half_life_days or ItemChoice().half_life_days
    trials = [_try_graph(ground, s, half_life_days, progress) for s in graphs(model)]
    if not model.neighbours:
        wider = replace(max(trials, key=by_ndcg).settings, neighbours=WIDER)
        trials.append(_try_graph(ground, wider, half_life_days, progress))
    best = max(trials, key=by_ndcg).settings
    others = [d for d in HALF_LIVES if d != half_life_days and not model.half_life_days]
    return trials + [_try_graph(ground, best, days, progress) for days in others]


def factor_trials(
    ground: Ground, half_life_days: float, progress: Callable[[str], None]
) -> list[TriedModel[AlsSettings]]:
    """Try the factorisations at the half-life that suits the graph."""
    tried = factorisations(ground.config.items.model)
    return [_try_factors(ground, settings, half_life_days, progress) for settings in tried]


def _try_graph(
    ground: Ground,
    settings: NeighbourSettings,
    half_life_days: float,
    progress: Callable[[str], None],
) -> TriedModel[NeighbourSettings]:
    progress(f"{settings}, half-life {half_life_days:g} days")
    histories = ground.histories(half_life_days)
    base = neighbours.fit(histories, settings)
    own, exponent, ndcg = _tuned(base, histories, ground, GRAPH_OWN)
    return TriedModel(settings, half_life_days, own, exponent, ndcg)


def _try_factors(
    ground: Ground,
    settings: AlsSettings,
    half_life_days: float,
    progress: Callable[[str], None],
) -> TriedModel[AlsSettings]:
    progress(f"{settings}, half-life {half_life_days:g} days")
    histories = ground.histories(half_life_days)
    base = als.fit(histories, settings, seed=ground.config.training.seed)
    own, exponent, ndcg = _tuned(base, histories, ground, FACTOR_OWN)
    return TriedModel(settings, half_life_days, own, exponent, ndcg)


def _tuned(
    base: AlsFactors | ItemNeighbours,
    histories: Histories,
    ground: Ground,
    own_grid: tuple[float, ...],
) -> tuple[float, float, float]:
    """Return the best own weight and demand exponent with their mean NDCG."""
    points = list(product(own_grid, DEMAND))
    tilts = [demand(ground.takers, ground.available, exponent=e) for e in DEMAND]
    k, users = ground.config.items.at_k, ground.wanted.user_row
    lists = np.full((len(points), len(users), k), metrics.NOBODY, np.int32)
    for start in range(0, len(users), CHUNK):
        some = histories.of_users(users[start : start + CHUNK])
        for place, score in enumerate(base.score_all(some), start=start):
            rows, weights = some.of_user(place - start)
            found = [
                _tilted(score * tilt, tilt[rows] * weights, rows, own_grid, k) for tilt in tilts
            ]
            for point in range(len(points)):
                best = found[point % len(DEMAND)][point // len(DEMAND)]
                lists[point, place, : len(best)] = best
    figures = [float(user_ndcg(each, ground.wanted).mean()) for each in lists]
    best_point = int(np.argmax(figures))
    return *points[best_point], figures[best_point]


def _tilted(
    score: NDArray[np.float32],
    again: NDArray[np.float32],
    rows: NDArray[np.int32],
    own_grid: tuple[float, ...],
    k: int,
) -> list[NDArray[np.int32]]:
    """Return the best `k` items for each own weight.

    What was never had is ranked once: its scores are the same for all own weights.
    """
    head = np.union1d(top_k(np.where(score > 0, score, np.float32(-np.inf)), k + len(rows)), rows)
    place, few = np.searchsorted(head, rows), score[head]
    lists = []
    for own in own_grid:
        raised = few.copy()
        raised[place] += np.float32(own) * again
        lists.append(head[top_k(np.where(raised > 0, raised, np.float32(-np.inf)), k)])
    return lists


def by_ndcg(trial: TriedModel[AlsSettings] | TriedModel[NeighbourSettings]) -> float:
    """Order trials."""
    return trial.ndcg


def user_ndcg(recommended: NDArray[np.int32], wanted: Relevant) -> NDArray[np.float64]:
    """Return the NDCG of each user's list, shape (n_users,)."""
    hit = metrics.hits(recommended, wanted.item_row, wanted.indptr)
    return metrics.ndcg(hit, wanted.counts)


LIVE = (0.5, 1.0, 3.0)

LIVE_OWN = (0.0, 0.3, 1.0)
"""In units of the own weight of past events."""


def with_live(choice: ItemChoice, taste: Taste, ground: Ground) -> ItemChoice:
    """Choose what live events are worth, on users who came back after a first active day.

    Such users are few, so live events weigh as past ones unless another worth is clearly better.
    """
    if not len(ground.wanted_later):
        return choice
    tried = [
        replace(choice, live=live, live_own=own * choice.own)
        for live, own in product(LIVE, LIVE_OWN)
    ]
    figures = [_live_ndcg(each, taste, ground) for each in tried]
    best = int(np.argmax([figure.mean() for figure in figures]))
    clear = clearly_above(figures[best], _live_ndcg(choice, taste, ground), ground.config.training)
    return tried[best] if clear else choice


def _live_ndcg(choice: ItemChoice, taste: Taste, ground: Ground) -> NDArray[np.float64]:
    held, wanted = ground.held, ground.wanted_later
    weights = event_weights(choice, held.before.kinds, ground.config)
    k = ground.config.items.at_k
    lists = np.full((len(wanted), k), metrics.NOBODY, np.int32)
    for place, user in enumerate(wanted.user_row):
        live = held.live.of_user(user)
        history = weights.history(
            held.before.of_user(user), live, at=int(held.asked_at[user]), n_items=len(taste.demand)
        )
        score = taste.score(history)
        best = top_k(np.where(score > 0, score, np.float32(-np.inf)), k)
        lists[place, : len(best)] = best
    return user_ndcg(lists, wanted)
