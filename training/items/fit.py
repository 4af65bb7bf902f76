"""Fitting all rungs of the item question by what was chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recsys.algorithms import content_neighbours
from recsys.algorithms.neighbours import ItemNeighbours
from recsys.config import Config
from recsys.data.catalogue import Catalogue
from recsys.data.interactions import Interactions
from recsys.items.context_lift import ContextLift
from recsys.items.models import ItemModels
from recsys.items.one_to_one import no_lists
from recsys.items.preference import demand
from recsys.items.ranker import Blend
from recsys.items.session import AtHand
from recsys.segments.table import SegmentTable
from training.data import TrainingData
from training.items import cold_start, sequences
from training.items.choice import ItemChoice, event_weights, fit_base
from training.items.context import table as context_table
from training.items.item_side import learnt_from
from training.items.popularity import (
    critical_kind,
    fit_popular,
    fit_segment,
    recent_histories,
    takers_by_item,
    with_popularity,
)
from training.items.ranker_examples import item_signals
from training.items.ready import ReadyFor, ready_lists
from training.items.sessions.choice import fit_at_hand
from training.items.tastes import with_tastes
from training.items.weights import make_blend

CONTENT_NEIGHBOURS = 50
EVERYBODY = ReadyFor()


def fit(
    data: TrainingData,
    segments: SegmentTable,
    choice: ItemChoice,
    config: Config,
    *,
    at: int,
    ready_for: ReadyFor = EVERYBODY,
) -> ItemModels:
    """Fit all rungs on everything passed.

    Parameters
    ----------
    data, segments, choice, config
        What to fit on, and how.
    at : int
        As of when (microseconds).
    ready_for : ReadyFor
        Who gets a ready list.
    """
    config = with_popularity(config, choice.popular_half_life_days)
    interactions = data.interactions
    critical = interactions.of_kind(config.relevant_kind)
    recent = recent_histories(interactions, config, at=at)
    popular = fit_popular(critical, recent, at=at)
    shrinkage = config.items.segment_shrinkage
    weights = event_weights(choice, interactions.kinds, config)
    histories = weights.histories(interactions, at=at)
    learnt = learnt_from(histories, interactions.users, config.training)
    graph, factors = fit_base(choice, learnt, seed=config.training.seed)
    available = data.catalogue.available
    described = _described_alike(data.catalogue, graph)
    places = choice.new_item_places
    listed = fit_segment(critical, recent, segments, popular, shrinkage=shrinkage, at=at)
    parts = ItemModels(
        popular=popular,
        segment=with_tastes(listed, data, choice.tastes, config, at=at),
        neighbours=graph,
        factors=factors,
        demand=demand(takers_by_item(recent), available, exponent=choice.demand),
        weights=weights,
        ready=no_lists(),
        at=at,
        min_history=config.items.min_history,
        on_factors=choice.factors is not None,
        blend=_blend(interactions, choice, config, at=at),
        content=described,
        newcomers=cold_start.fit(interactions, described, available, places=places),
        at_hand=_at_hand(interactions, choice, config),
        context=_context(data, choice, config),
        order=None if choice.blend is None else sequences.fit(interactions, config),
    )
    depth = config.items.ready_items
    ready = ready_lists(parts.one_to_one(), interactions, ready_for, depth=depth)
    return replace(parts, ready=ready)


def _described_alike(catalogue: Catalogue, graph: ItemNeighbours) -> ItemNeighbours:
    """Return neighbours by description for what has none by use."""
    return content_neighbours.fit(
        catalogue.title,
        catalogue.category,
        catalogue.price,
        neighbours=CONTENT_NEIGHBOURS,
        wanted=np.diff(graph.indptr) == 0,
    )


def _at_hand(interactions: Interactions, choice: ItemChoice, config: Config) -> AtHand | None:
    return None if choice.sessions is None else fit_at_hand(interactions, choice.sessions, config)


def _context(data: TrainingData, choice: ItemChoice, config: Config) -> ContextLift | None:
    chosen = choice.context
    table = context_table.fit(data, config) if chosen and chosen.used else None
    if chosen is None or table is None:
        return None
    return table.weighing(chosen.weight, chosen.session_weight, config)


def _blend(
    interactions: Interactions, choice: ItemChoice, config: Config, *, at: int
) -> Blend | None:
    if choice.blend is None:
        return None
    signals = item_signals(interactions, config, at=at)
    kind = critical_kind(interactions.kinds, config)
    return make_blend(choice.blend.learned, signals, kind=kind)
