"""Which 1:1 model serves, and with which hyper-parameters: decided on validation data only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recsys.algorithms import als, neighbours
from recsys.algorithms.als import AlsFactors, AlsSettings
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours, NeighbourSettings
from recsys.algorithms.topk import top_k
from recsys.config import Config, ItemModel
from recsys.evaluation import metrics
from recsys.evaluation.split import Relevant
from recsys.items.blend import Blended
from recsys.items.history import EventWeights
from recsys.items.one_to_one import OneToOneItems, no_lists
from recsys.items.taste import Taste, demand
from recsys.segments.table import SegmentTable
from training.clearly import clearly_above
from training.data import TrainingData
from training.items.blending import BlendChoice, blended, learn
from training.items.counts import (
    kind_caps,
    kind_half_lives,
    kind_weights,
    recent_histories,
    takers_by_item,
)
from training.items.parts import PartSettings, fit_parts
from training.items.session_choice import SessionChoice, choose_sessions
from training.items.windows import Window, window

MAX_USERS = 1_000
"""Validation users looked at, drawn by the seed: more change little but the time."""
CHUNK = 256

HALF_LIVES = (90.0, 180.0, 720.0)
DEMAND = (0.0, 0.2, 0.4, 0.6)
LIVE = (0.5, 1.0, 3.0)
LIVE_OWN = (0.0, 0.3, 1.0)
"""In units of the own weight of past events."""
DEFAULT_GRAPH = NeighbourSettings("bm25", 50)
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

Settings = TypeVar("Settings", AlsSettings, NeighbourSettings)


@dataclass(frozen=True, slots=True)
class Trial(Generic[Settings]):
    """One model that was tried, with its best repeat and demand settings.

    Attributes
    ----------
    settings : NeighbourSettings or AlsSettings
        Of the base of the 1:1 model.
    half_life_days, own, demand : float
        As in :class:`ItemChoice`.
    ndcg : float
        Mean over validation users.
    """

    settings: Settings
    half_life_days: float
    own: float
    demand: float
    ndcg: float


@dataclass(frozen=True, slots=True)
class ItemChoice:
    """What validation data chose; the defaults are for where there is nothing to validate on.

    Attributes
    ----------
    graph : NeighbourSettings
        The best item graph; always fitted, for similar items.
    factors : AlsSettings or None
        The factorisation, where it won over the graph.
    half_life_days : float
        Age at which an event counts half in a user's history.
    own : float
        Worth of an event for the same item; see :class:`recsys.items.history.EventWeights`.
    live, live_own : float
        The same for events since training.
    demand : float
        Exponent of what is in demand.
    trials : tuple of Trial
        Everything tried, best first.
    blend : BlendChoice or None
        The learned ranker over all parts, where it beat the 1:1 model.
    new_item_places : int
        Last places for items that nobody has taken yet, where they were shown not to lose.
    sessions : SessionChoice or None
        What comes next in the session at hand, where it beat folding its events in.
    """

    graph: NeighbourSettings = DEFAULT_GRAPH
    factors: AlsSettings | None = None
    half_life_days: float = 180.0
    own: float = 10.0
    live: float = 1.0
    live_own: float = 10.0
    demand: float = 0.2
    trials: tuple[Trial[NeighbourSettings] | Trial[AlsSettings], ...] = ()
    blend: BlendChoice | None = None
    new_item_places: int = 0
    sessions: SessionChoice | None = None

    @property
    def to_factorise(self) -> AlsSettings | None:
        """The factorisation to fit: the base of the 1:1 model, or a part of the blend."""
        return self.blend.factors if self.blend else self.factors


def choose(
    data: TrainingData,
    segments: SegmentTable,  # noqa: ARG001 - all questions are trained through one signature
    config: Config,
    *,
    progress: Callable[[str], None],
) -> ItemChoice:
    """Try the models on the last `test_days` of the data, fitted on what was before.

    First the graphs, then half-lives of the best graph, then factorisations at the best
    half-life, then what live events are worth to the winner, last the blend. What ``items.model``
    of the configuration fixes is taken as it is.

    Parameters
    ----------
    data : TrainingData
        Must not hold what the choice will be judged on.
    segments : SegmentTable
        Not looked at.
    config : Config
        Its `items` and `training` sections, and the weights of the kinds.
    progress : callable
        Told in words what is being tried.

    Returns
    -------
    ItemChoice
        The defaults, but for sessions, where nobody known before the window bought anything in
        it.
    """
    ground = _ground(data, config)
    with threadpool_limits(1, "blas"):  # sums in the same order on any machine
        choice, model = _one_to_one(data, ground, progress)
    sessions = choose_sessions(data.interactions, ground.held, model, config, progress=progress)
    return replace(choice, sessions=sessions)


def _one_to_one(
    data: TrainingData, ground: _Ground, progress: Callable[[str], None]
) -> tuple[ItemChoice, OneToOneItems]:
    """Return the choice but for sessions, and the 1:1 model as of the validation window."""
    if not len(ground.wanted):
        choice = ItemChoice()
        graph, _ = fit_base(choice, ground.histories(choice.half_life_days), seed=0)
        tilt = demand(ground.takers, ground.available, exponent=choice.demand)
        return choice, _as_of(ground, choice, Taste(graph, tilt), None)
    config, held = ground.config, ground.held
    choice, factors = _chosen(ground, progress)
    settings = PartSettings(
        graph=choice.graph,
        factors=factors,
        on_factors=choice.factors is not None,
        demand=choice.demand,
        weights=event_weights(choice, data.interactions.kinds, config),
    )
    progress("the parts as of the validation window")
    fitted = fit_parts(held.before, ground.available, settings, config, at=held.cutoff)
    progress("what events since training are worth")
    choice = _with_live(choice, fitted.parts.taste, ground)
    choice = replace(choice, blend=learn(data, settings, fitted, config, progress=progress))
    ranker = None if choice.blend is None else blended(fitted, choice.blend.learned)
    return choice, _as_of(ground, choice, fitted.parts.taste, ranker)


def _as_of(
    ground: _Ground, choice: ItemChoice, taste: Taste, blended: Blended | None
) -> OneToOneItems:
    """Return the chosen 1:1 model as of the validation window."""
    return OneToOneItems(
        taste=taste,
        weights=event_weights(choice, ground.held.before.kinds, ground.config),
        ready=no_lists(),
        at=ground.held.cutoff,
        min_history=ground.config.items.min_history,
        blended=blended,
    )


def _chosen(ground: _Ground, progress: Callable[[str], None]) -> tuple[ItemChoice, AlsSettings]:
    """Return the 1:1 model that wins, and the best factorisation whether or not it does."""
    graphs = _graph_trials(ground, progress)
    graph = max(graphs, key=_ndcg)
    tried = factorisations(ground.config.items.model)
    factors = [_try_factors(ground, s, graph.half_life_days, progress) for s in tried]
    factor = max(factors, key=_ndcg)
    wins = factor.ndcg > graph.ndcg
    best = factor if wins else graph
    choice = ItemChoice(
        graph=graph.settings,
        factors=factor.settings if wins else None,
        half_life_days=best.half_life_days,
        own=best.own,
        live_own=best.own,
        demand=best.demand,
        trials=tuple(sorted([*graphs, *factors], key=_ndcg, reverse=True)),
    )
    return choice, factor.settings


def event_weights(choice: ItemChoice, kinds: tuple[str, ...], config: Config) -> EventWeights:
    """Return what events are worth by this choice."""
    return EventWeights(
        kind=kind_weights(kinds, config),
        half_life_days=choice.half_life_days,
        own=choice.own,
        live=choice.live,
        live_own=choice.live_own,
        kind_half_life_days=kind_half_lives(kinds, config, usual=choice.half_life_days),
        cap=kind_caps(kinds, config),
    )


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


def fit_base(
    choice: ItemChoice, histories: Histories, *, seed: int
) -> tuple[ItemNeighbours, AlsFactors | None]:
    """Fit the chosen graph, and the factorisation where one is needed."""
    graph = neighbours.fit(histories, choice.graph)
    if choice.to_factorise is None:
        return graph, None
    return graph, als.fit(histories, choice.to_factorise, seed=seed)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every trial stands on: the window, the users asked, what they wanted."""

    config: Config
    held: Window
    wanted: Relevant
    wanted_later: Relevant
    takers: NDArray[np.float64]
    available: NDArray[np.bool_]

    def histories(self, half_life_days: float) -> Histories:
        before = self.held.before
        weights = event_weights(
            ItemChoice(half_life_days=half_life_days), before.kinds, self.config
        )
        return weights.histories(before, at=self.held.cutoff)


def _ground(data: TrainingData, config: Config) -> _Ground:
    held = window(data, config)
    known = np.diff(held.before.indptr) > 0
    return _Ground(
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


def _ndcg(trial: Trial[AlsSettings] | Trial[NeighbourSettings]) -> float:
    return trial.ndcg


def _graph_trials(
    ground: _Ground, progress: Callable[[str], None]
) -> list[Trial[NeighbourSettings]]:
    model = ground.config.items.model
    half_life_days = model.half_life_days or ItemChoice().half_life_days
    trials = [_try_graph(ground, s, half_life_days, progress) for s in graphs(model)]
    if not model.neighbours:
        wider = replace(max(trials, key=_ndcg).settings, neighbours=WIDER)
        trials.append(_try_graph(ground, wider, half_life_days, progress))
    best = max(trials, key=_ndcg).settings
    others = [d for d in HALF_LIVES if d != half_life_days and not model.half_life_days]
    return trials + [_try_graph(ground, best, days, progress) for days in others]


def _try_graph(
    ground: _Ground,
    settings: NeighbourSettings,
    half_life_days: float,
    progress: Callable[[str], None],
) -> Trial[NeighbourSettings]:
    progress(f"{settings}, half-life {half_life_days:g} days")
    histories = ground.histories(half_life_days)
    base = neighbours.fit(histories, settings)
    own, exponent, ndcg = _tuned(base, histories, ground, GRAPH_OWN)
    return Trial(settings, half_life_days, own, exponent, ndcg)


def _try_factors(
    ground: _Ground,
    settings: AlsSettings,
    half_life_days: float,
    progress: Callable[[str], None],
) -> Trial[AlsSettings]:
    progress(f"{settings}, half-life {half_life_days:g} days")
    histories = ground.histories(half_life_days)
    base = als.fit(histories, settings, seed=ground.config.training.seed)
    own, exponent, ndcg = _tuned(base, histories, ground, FACTOR_OWN)
    return Trial(settings, half_life_days, own, exponent, ndcg)


def _tuned(
    base: AlsFactors | ItemNeighbours,
    histories: Histories,
    ground: _Ground,
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
    figures = [float(_user_ndcg(each, ground.wanted).mean()) for each in lists]
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


def _user_ndcg(recommended: NDArray[np.int32], wanted: Relevant) -> NDArray[np.float64]:
    hit = metrics.hits(recommended, wanted.item_row, wanted.indptr)
    return metrics.ndcg(hit, wanted.counts)


def _with_live(choice: ItemChoice, taste: Taste, ground: _Ground) -> ItemChoice:
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


def _live_ndcg(choice: ItemChoice, taste: Taste, ground: _Ground) -> NDArray[np.float64]:
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
    return _user_ndcg(lists, wanted)
