"""Graphs and factorisations tried on a validation window, each with its best settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms import als
from recsys.algorithms.als import AlsFactors, AlsSettings
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours, NeighbourSettings
from recsys.algorithms.spectral import SpectralSettings
from recsys.algorithms.topk import top_k
from recsys.config import Config, ItemModel
from recsys.data.interactions import Interactions
from recsys.evaluation import metrics
from recsys.evaluation.estimate import Estimate, bootstrap_mean
from recsys.evaluation.split import Relevant
from recsys.items.preference import demand
from training.items import item_side
from training.items.choice import ItemChoice, TriedModel, event_weights, fit_base
from training.items.graphs import GraphSettings, fit_graph
from training.items.held_out import Held
from training.items.item_side import DrawnUsers, learnt_from, share_of
from training.items.popularity import recent_histories, takers_by_item

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
    AlsSettings(factors=128, alpha=5.0, regularization=20.0),
    AlsSettings(factors=128, alpha=10.0, regularization=60.0),
)

FEW_COMPONENTS = 256
"""Up to so many a weaker low-pass is tried too: it costs little, and less may be true there."""

PAIRS_A_FACTOR = 3_000
"""Pairs that carry one factor more: data of another size than these are tried at theirs too."""

FACTOR_OWN = (0.0, 0.3, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Ground:
    """What every trial stands on.

    Attributes
    ----------
    config : Config
        Length of the lists, the seed, and what an event is worth.
    held : Held
        What is known, and what was held out.
    wanted : Relevant
        That of the users asked.
    takers : float64, shape (n_items,)
        Users' worth of recent history with each item.
    available : bool, shape (n_items,)
        What may be recommended.
    repeats : bool
        Whether items that the user had before may be in the lists.
    """

    config: Config
    held: Held
    wanted: Relevant
    takers: NDArray[np.float64]
    available: NDArray[np.bool_]
    repeats: bool = True

    @classmethod
    def of(
        cls, held: Held, available: NDArray[np.bool_], config: Config, *, repeats: bool = True
    ) -> Ground:
        """Draw the users asked, of those with a history."""
        return cls(
            config=config,
            held=held,
            wanted=drawn(held.wanted, held.before, config.training.seed),
            takers=takers_by_item(recent_histories(held.before, config, at=held.cutoff)),
            available=available,
            repeats=repeats,
        )

    def learnt(self, histories: Histories) -> Histories:
        """Return the histories that a model is fitted on: all, or those of users drawn."""
        return learnt_from(histories, self.held.before.users, self.config.training)

    def histories(self, half_life_days: float) -> Histories:
        """Return everybody's history as of then, at this half-life."""
        before = self.held.before
        weights = event_weights(
            ItemChoice(half_life_days=half_life_days), before.kinds, self.config
        )
        return weights.histories(before, at=self.held.cutoff)


def drawn(wanted: Relevant, before: Interactions, seed: int) -> Relevant:
    """Return what at most ``MAX_USERS`` users with a history wanted."""
    users = np.flatnonzero(np.diff(before.indptr)[wanted.user_row] > 0)
    shuffled = np.random.default_rng(seed).permutation(users)
    return wanted.of(np.sort(shuffled[:MAX_USERS]))


def graphs(model: ItemModel, n_pairs: int) -> Sequence[GraphSettings]:
    """Return the item graphs to try: fewer, the more of them is fixed."""
    soft = SpectralSettings.of_size(n_pairs)
    less = replace(soft, components=soft.components // 2, low_pass=soft.low_pass / 2)
    spectral = (soft, less) if soft.components <= FEW_COMPONENTS else (soft,)
    every: tuple[GraphSettings, ...] = (*GRAPHS, *spectral)
    return tuple(
        replace(graph, neighbours=model.neighbours or graph.neighbours)
        for graph in every
        if model.weighting in ("", graph.weighting)
    )


def factorisations(model: ItemModel, n_pairs: int) -> Sequence[AlsSettings]:
    """Return the factorisations to try: fewer, the more of them is fixed."""
    factors = 2 ** round(np.log2(np.clip(n_pairs / PAIRS_A_FACTOR, 16, 256)))
    tried = {settings.factors for settings in FACTORS}
    sized = () if factors in tried else (AlsSettings(factors, alpha=40.0, regularization=20.0),)
    fixed = (
        AlsSettings(
            factors=model.factors or f.factors,
            alpha=model.alpha or f.alpha,
            regularization=model.regularization or f.regularization,
        )
        for f in (*FACTORS, *sized)
    )
    return tuple(dict.fromkeys(fixed))


def graph_trials(
    ground: Ground, progress: Callable[[str], None]
) -> list[TriedModel[GraphSettings]]:
    """Try the graphs, a wider one of the best weighting, then other half-lives of the best."""
    model = ground.config.items.model
    half_life_days = model.half_life_days or ItemChoice().half_life_days
    tried = graphs(model, len(ground.held.before))
    trials = [_try_graph(ground, s, half_life_days, progress) for s in tried]
    narrow = [s for s in trials if s.settings.neighbours < WIDER]
    if narrow and not model.neighbours:
        wider = replace(max(narrow, key=by_ndcg).settings, neighbours=WIDER)
        trials.append(_try_graph(ground, wider, half_life_days, progress))
    at = ground.held.before.at
    if model.half_life_days or at.min() == at.max():
        return trials
    best = max(trials, key=by_ndcg).settings
    others = [days for days in HALF_LIVES if days != half_life_days]
    return trials + [_try_graph(ground, best, days, progress) for days in others]


def factor_trials(
    ground: Ground, half_life_days: float, progress: Callable[[str], None]
) -> list[TriedModel[AlsSettings]]:
    """Try the factorisations at the half-life that suits the graph."""
    tried = factorisations(ground.config.items.model, len(ground.held.before))
    return [_try_factors(ground, settings, half_life_days, progress) for settings in tried]


def _try_graph(
    ground: Ground,
    settings: GraphSettings,
    half_life_days: float,
    progress: Callable[[str], None],
) -> TriedModel[GraphSettings]:
    progress(f"{settings}, half-life {half_life_days:g} days")
    histories = ground.histories(half_life_days)
    base = fit_graph(ground.learnt(histories), settings, seed=ground.config.training.seed)
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
    base = als.fit(ground.learnt(histories), settings, seed=ground.config.training.seed)
    own, exponent, ndcg = _tuned(base, histories, ground, FACTOR_OWN)
    return TriedModel(settings, half_life_days, own, exponent, ndcg)


def _tuned(
    base: AlsFactors | ItemNeighbours,
    histories: Histories,
    ground: Ground,
    own_grid: tuple[float, ...],
) -> tuple[float, float, float]:
    """Return the best own weight and demand exponent with their mean NDCG."""
    own_grid = own_grid if ground.repeats else own_grid[:1]
    points = list(product(own_grid, DEMAND))
    lists = _lists(base, histories, ground, own_grid, DEMAND)
    figures = [float(user_ndcg(each, ground.wanted).mean()) for each in lists]
    best_point = int(np.argmax(figures))
    return *points[best_point], figures[best_point]


def _lists(
    base: AlsFactors | ItemNeighbours,
    histories: Histories,
    ground: Ground,
    own_grid: tuple[float, ...],
    exponents: tuple[float, ...],
) -> NDArray[np.int32]:
    """Return the lists of the users asked for each own weight and, within it, each exponent."""
    tilts = [demand(ground.takers, ground.available, exponent=e) for e in exponents]
    k, users = ground.config.items.at_k, ground.wanted.user_row
    lists = np.full((len(own_grid) * len(exponents), len(users), k), metrics.NOBODY, np.int32)
    for start in range(0, len(users), CHUNK):
        some = histories.of_users(users[start : start + CHUNK])
        for place, score in enumerate(base.score_all(some), start=start):
            rows, weights = some.of_user(place - start)
            if not ground.repeats:
                score[rows] = 0
            found = [
                _tilted(score * tilt, tilt[rows] * weights, rows, own_grid, k) for tilt in tilts
            ]
            for point in range(len(lists)):
                best = found[point % len(exponents)][point // len(exponents)]
                lists[point, place, : len(best)] = best
    return lists


def of_drawn(
    ground: Ground, choice: ItemChoice, progress: Callable[[str], None]
) -> DrawnUsers | None:
    """Return what the choice is learnt from, where that is not everybody, and if more mattered.

    Half of the users drawn are tried against all of them: where that loses nothing, twice as many
    would not gain much either. Learning from everybody is what could not be done.
    """
    histories = ground.histories(choice.half_life_days)
    share = share_of(histories, ground.config.training)
    if share >= 1:
        return None
    progress("what half of the drawn users would do")
    half = halved(ground, choice, histories, share)
    return item_side.told(histories, ground.learnt(histories), half)


def ndcg_of(
    ground: Ground, choice: ItemChoice, histories: Histories, *, share: float
) -> NDArray[np.float64]:
    """Return the NDCG of each user asked, of a choice that is learnt from a share of the users."""
    seed = ground.config.training.seed
    few = item_side.drawn(histories, ground.held.before.users, share, seed=seed)
    graph, factors = fit_base(choice, few, seed=seed)
    base = graph if factors is None or choice.factors is None else factors
    (lists,) = _lists(base, histories, ground, (choice.own,), (choice.demand,))
    return user_ndcg(lists, ground.wanted)


def halved(
    ground: Ground, choice: ItemChoice, histories: Histories, share: float
) -> Estimate | None:
    """Estimate what a choice loses (below 0) when learnt from half of a share of the users."""
    training = ground.config.training
    half, whole = (ndcg_of(ground, choice, histories, share=of) for of in (share / 2, share))
    return bootstrap_mean(
        half - whole,
        seed=training.seed,
        resamples=training.resamples,
        confidence=training.confidence,
    )


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
    new = np.where(score > 0, score, np.float32(-np.inf))
    new[rows] = -np.inf
    head = np.sort(np.concatenate([top_k(new, k), rows]))
    raised = np.tile(score[head], (len(own_grid), 1))
    raised[:, np.searchsorted(head, rows)] += np.array(own_grid, np.float32)[:, None] * again
    spoken_for = np.where(raised > 0, raised, np.float32(-np.inf))
    # As `top_k` does, of all own weights at once.
    order = np.argsort(-spoken_for, axis=1, kind="stable")[:, :k]
    return [head[best[of[best] > -np.inf]] for of, best in zip(spoken_for, order, strict=True)]


def by_ndcg(trial: TriedModel[GraphSettings] | TriedModel[AlsSettings]) -> float:
    """Order trials."""
    return trial.ndcg


def user_ndcg(recommended: NDArray[np.int32], wanted: Relevant) -> NDArray[np.float64]:
    """Return the NDCG of each user's list, shape (n_users,)."""
    hit = metrics.hits(recommended, wanted.item_row, wanted.indptr)
    return metrics.ndcg(hit, wanted.counts)
