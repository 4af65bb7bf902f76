"""What validation data chose for the 1:1 model, and what is fitted by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from recsys.algorithms import als
from recsys.algorithms.als import AlsFactors, AlsSettings
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours, NeighbourSettings
from recsys.config import Config
from recsys.items.history import EventWeights
from training.items.context.choice import ContextChoice
from training.items.graphs import GraphSettings, fit_graph
from training.items.item_side import DrawnUsers
from training.items.popularity import USUAL_DAYS, kind_caps, kind_half_lives, kind_weights
from training.items.ranker import TASTE, BlendChoice
from training.items.sessions.choice import SessionChoice
from training.items.tastes import NO_TASTES, TasteChoice

DEFAULT_GRAPH = NeighbourSettings("bm25", 50)


Settings = TypeVar("Settings", bound=GraphSettings | AlsSettings)


@dataclass(frozen=True, slots=True)
class TriedModel(Generic[Settings]):
    """One model that was tried, with its best repeat and demand settings.

    Attributes
    ----------
    settings : NeighbourSettings, SpectralSettings or AlsSettings
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
    graph : NeighbourSettings or SpectralSettings
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
    trials : tuple of TriedModel
        Everything tried, best first.
    tomorrows : mapping of str to mapping of str to float
        NDCG of each ranker under each reading of what was held out; empty where none was judged.
    blend : BlendChoice or None
        The ranker over all parts, where it beat the 1:1 model.
    no_blend : str
        Why there is none; empty where there is one.
    popular_half_life_days : float
        Age at which an event counts half in what is popular, where the configuration leaves it
        open.
    new_item_places : int
        Last places for items that nobody has taken yet, where they were shown not to lose.
    sessions : SessionChoice or None
        What comes next in the session at hand, where it beat folding its events in.
    tastes : TasteChoice
        Which segments rung 1 goes by.
    context : ContextChoice or None
        What the request's context weighs; None where no occasion says anything of items.
    drawn : DrawnUsers or None
        Of whom the item side was learnt; None: of everybody.
    """

    graph: GraphSettings = DEFAULT_GRAPH
    factors: AlsSettings | None = None
    half_life_days: float = 180.0
    own: float = 10.0
    live: float = 1.0
    live_own: float = 10.0
    demand: float = 0.2
    trials: tuple[TriedModel[GraphSettings] | TriedModel[AlsSettings], ...] = ()
    tomorrows: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    blend: BlendChoice | None = None
    no_blend: str = ""
    popular_half_life_days: float = USUAL_DAYS
    new_item_places: int = 0
    sessions: SessionChoice | None = None
    tastes: TasteChoice = NO_TASTES
    context: ContextChoice | None = None
    drawn: DrawnUsers | None = None

    def __str__(self) -> str:
        base = self.factors or self.graph
        parts = f"{self.graph}; {self.blend.factors}" if self.blend else str(base)
        return f"{self.ranker}: {parts}, demand {self.demand:g}"

    @property
    def ranker(self) -> str:
        """What the ranker is called in the tables of figures."""
        return self.blend.ranker if self.blend else TASTE

    @property
    def to_factorise(self) -> AlsSettings | None:
        """The factorisation to fit: the base of the 1:1 model, or a part of the blend."""
        return self.blend.factors if self.blend else self.factors


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


def fit_base(
    choice: ItemChoice, histories: Histories, *, seed: int
) -> tuple[ItemNeighbours, AlsFactors | None]:
    """Fit the chosen graph, and the factorisation where one is needed."""
    graph = fit_graph(histories, choice.graph, seed=seed)
    if choice.to_factorise is None:
        return graph, None
    return graph, als.fit(histories, choice.to_factorise, seed=seed)
