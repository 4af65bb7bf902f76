"""The parts of the blend as of an instant, and what is said of each item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms import als, neighbours
from recsys.algorithms.als import AlsSettings
from recsys.algorithms.neighbours import NeighbourSettings
from recsys.algorithms.repeats import Habits, again_rate
from recsys.config import Config
from recsys.events import DAY, Interactions
from recsys.items.blend import Parts, habits_of
from recsys.items.history import EventWeights, History
from recsys.items.taste import Taste, demand
from training.items.counts import critical_kind, fading, recent_histories, takers_by_item

POPULAR_HALF_LIVES = (4.0, 14.0, 60.0)
"""Days: this week's, this month's and this season's popularity."""
N_ITEM = len(POPULAR_HALF_LIVES) + 2


@dataclass(frozen=True, slots=True)
class PartSettings:
    """How the parts are fitted: what validation data chose for each alone."""

    graph: NeighbourSettings
    factors: AlsSettings
    on_factors: bool
    demand: float
    weights: EventWeights


@dataclass(frozen=True, slots=True)
class Fitted:
    """The parts as of an instant, with what is said of each item."""

    parts: Parts
    item: NDArray[np.float32]
    weights: EventWeights
    kind: int
    at: int

    def of_user(self, interactions: Interactions, user: int) -> tuple[History, Habits]:
        """Return what the parts and the blend are asked with."""
        events = interactions.of_user(user)
        n_items = self.item.shape[1]
        history = self.weights.past(events, at=self.at, n_items=n_items)
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
    graph = neighbours.fit(histories, settings.graph)
    factors = als.fit(histories, settings.factors, seed=config.training.seed)
    takers = takers_by_item(recent_histories(before, config, at=at))
    tilt = demand(takers, available, exponent=settings.demand)
    taste = Taste(factors if settings.on_factors else graph, tilt)
    return Fitted(
        parts=Parts(taste, graph, factors),
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
    critical = interactions.of_kind(config.churn.critical_kind)
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
