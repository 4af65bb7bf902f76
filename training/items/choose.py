"""Which 1:1 model serves, and with which hyper-parameters: decided on validation data only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from threadpoolctl import threadpool_limits

from recsys.algorithms.als import AlsSettings
from recsys.config import Config
from recsys.items.hyper import HyperItems
from recsys.items.one_to_one import OneToOneItems, no_lists
from recsys.items.preference import Taste, demand
from recsys.items.ranker import Blended
from recsys.segments.table import SegmentTable
from training.data import TrainingData
from training.items import trials
from training.items.choice import ItemChoice, event_weights, fit_base
from training.items.context.choice import choose_context
from training.items.popularity import popular_half_life, with_popularity
from training.items.ranker import blended, learn
from training.items.ranker_examples import PartSettings, fit_parts
from training.items.sessions.choice import choose_sessions, fit_at_hand
from training.items.trials import Ground, by_ndcg, factor_trials, graph_trials, with_live
from training.items.windows import validation_window


def choose(
    data: TrainingData,
    segments: SegmentTable,  # noqa: ARG001 - all questions are trained through one signature
    config: Config,
    *,
    progress: Callable[[str], None],
) -> ItemChoice:
    """Try the models on the last `test_days` of the data, fitted on what was before.

    First how fast popularity fades, then the graphs, half-lives of the best graph, factorisations
    at the best half-life, what live events are worth to the winner, the blend; last the session at
    hand and the context of the request. What the configuration fixes is taken as it is. Where the
    data are too short for such a window, it is shorter (:mod:`.windows`).

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
        The defaults, but for sessions and context, where nobody known before the window bought
        anything in it.
    """
    half_life_days = popular_half_life(validation_window(data, config), config)
    config = with_popularity(config, half_life_days)
    ground = trials.ground(data, config)
    with threadpool_limits(1, "blas"):  # sums in the same order on any machine
        choice, model = _one_to_one(data, ground, progress)
    sessions = choose_sessions(data.interactions, ground.held, model, config, progress=progress)
    at_hand = None if sessions is None else fit_at_hand(ground.held.before, sessions, config)
    rung = HyperItems(model, at_hand)
    context = choose_context(data, ground.held, rung, config, progress=progress)
    return replace(
        choice, sessions=sessions, context=context, popular_half_life_days=half_life_days
    )


def _one_to_one(
    data: TrainingData, ground: Ground, progress: Callable[[str], None]
) -> tuple[ItemChoice, OneToOneItems]:
    """Return what is chosen of the 1:1 model, and the model as of the validation window."""
    if not len(ground.wanted):
        choice = ItemChoice(
            no_blend="nobody known before the validation window took anything in it"
        )
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
    choice = with_live(choice, fitted.parts.taste, ground)
    found = learn(data, settings, fitted, config, progress=progress)
    if isinstance(found, str):
        return replace(choice, no_blend=found), _as_of(ground, choice, fitted.parts.taste, None)
    ranker = blended(fitted, found.learned)
    return replace(choice, blend=found), _as_of(ground, choice, fitted.parts.taste, ranker)


def _as_of(
    ground: Ground, choice: ItemChoice, taste: Taste, blended: Blended | None
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


def _chosen(ground: Ground, progress: Callable[[str], None]) -> tuple[ItemChoice, AlsSettings]:
    """Return the 1:1 model that wins, and the best factorisation whether or not it does."""
    graphs = graph_trials(ground, progress)
    graph = max(graphs, key=by_ndcg)
    factors = factor_trials(ground, graph.half_life_days, progress)
    factor = max(factors, key=by_ndcg)
    wins = factor.ndcg > graph.ndcg
    best = factor if wins else graph
    choice = ItemChoice(
        graph=graph.settings,
        factors=factor.settings if wins else None,
        half_life_days=best.half_life_days,
        own=best.own,
        live_own=best.own,
        demand=best.demand,
        trials=tuple(sorted([*graphs, *factors], key=by_ndcg, reverse=True)),
    )
    return choice, factor.settings
