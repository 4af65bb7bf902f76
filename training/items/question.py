"""The question "which items": choose, fit and measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recsys.algorithms import als, content
from recsys.algorithms.als import AlsSettings
from recsys.algorithms.neighbours import ItemNeighbours
from recsys.catalogue import Catalogue
from recsys.config import Config
from recsys.events import Interactions
from recsys.items.at_hand import AtHand
from recsys.items.blend import Blend
from recsys.items.history import EventWeights
from recsys.items.models import ItemModels
from recsys.items.one_to_one import ReadyLists, make_ready, no_lists
from recsys.items.slate import ItemQuery, Ranking
from recsys.items.taste import demand
from recsys.ladder import Ladder, Question, Rung, RungName, Verdict
from recsys.people import Person
from recsys.segments.table import SegmentTable
from training import segments as grouping
from training.data import TrainingData
from training.items import newcomers
from training.items.blending import make_blend
from training.items.choice import ItemChoice, event_weights, fit_base
from training.items.choosing import choose
from training.items.contest import FactorsAlone, Lists, contest
from training.items.counts import (
    critical_kind,
    fit_popular,
    fit_segment,
    kind_weights,
    recent_histories,
    takers_by_item,
)
from training.items.judging import BoughtBefore, Judge, persons, trait_rows
from training.items.moments import in_sessions, moments
from training.items.parts import item_signals
from training.items.session_choice import fit_at_hand, sessions_of
from training.items.windows import Window, window
from training.measurement import Measurement

__all__ = ["ItemChoice", "choose", "fit", "measure"]

CONTENT_NEIGHBOURS = 50
MOST_IN_SESSIONS = 2_000
"""Users asked in the middle of a session, drawn by the seed."""
HABIT_HALF_LIFE_DAYS = 365.0
"""Of the baseline "what the user bought before": long, so that frequency leads."""


def fit(
    data: TrainingData, segments: SegmentTable, choice: ItemChoice, config: Config, *, at: int
) -> ItemModels:
    """Fit all rungs on everything passed, as of `at` (microseconds)."""
    interactions = data.interactions
    critical = interactions.of_kind(config.churn.critical_kind)
    recent = recent_histories(interactions, config, at=at)
    popular = fit_popular(critical, recent, at=at)
    shrinkage = config.items.segment_shrinkage
    weights = event_weights(choice, interactions.kinds, config)
    histories = weights.histories(interactions, at=at)
    graph, factors = fit_base(choice, histories, seed=config.training.seed)
    available = data.catalogue.available
    described = _described_alike(data.catalogue, graph)
    places = choice.new_item_places
    parts = ItemModels(
        popular=popular,
        segment=fit_segment(critical, recent, segments, popular, shrinkage=shrinkage, at=at),
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
        newcomers=newcomers.fit(interactions, described, available, places=places),
        at_hand=_at_hand(interactions, choice, config),
    )
    return replace(parts, ready=_ready(parts, interactions, depth=config.items.ready_items))


def _described_alike(catalogue: Catalogue, graph: ItemNeighbours) -> ItemNeighbours:
    """Return neighbours by description for what has none by use."""
    return content.fit(
        catalogue.title,
        catalogue.category,
        catalogue.price,
        neighbours=CONTENT_NEIGHBOURS,
        wanted=np.diff(graph.indptr) == 0,
    )


def _at_hand(interactions: Interactions, choice: ItemChoice, config: Config) -> AtHand | None:
    return None if choice.sessions is None else fit_at_hand(interactions, choice.sessions, config)


def _blend(
    interactions: Interactions, choice: ItemChoice, config: Config, *, at: int
) -> Blend | None:
    if choice.blend is None:
        return None
    signals = item_signals(interactions, config, at=at)
    kind = critical_kind(interactions.kinds, config)
    return make_blend(choice.blend.learned, signals, kind=kind)


def _ready(parts: ItemModels, interactions: Interactions, *, depth: int) -> ReadyLists:
    # Serving scores with one BLAS thread too: the ready lists must agree with it to the bit.
    with threadpool_limits(1, "blas"):
        return make_ready(parts.one_to_one(), interactions, depth=depth)


def measure(
    data: TrainingData, config: Config, *, progress: Callable[[str], None]
) -> tuple[ItemChoice, Measurement]:
    """Choose on what was known `test_days` before the end, and judge every rung on what came.

    Each rung is compared with the highest shipped rung below, through the ladder that serves, on
    the users to whom it applies. Live events are those of a user's first active day in the test
    window; the hyper rung is asked when the user comes back on a later day, and judged on what the
    user bought from then on. Where the session at hand is listened to, users with a session are
    asked in the middle of it instead.

    Returns
    -------
    ItemChoice
        Chosen without the test window, but for places for new items: the window says whether
        they lose.
    Measurement
        Its figure is the NDCG of the served ladder for each user who bought in the test window.
    """
    held = window(data, config)
    train = data.before(held.cutoff)
    segments = grouping.fit(train, config, at=held.cutoff)
    choice = choose(train, segments, config, progress=progress)
    progress("fitting on all before the test window")
    models = fit(train, segments, choice, config, at=held.cutoff)
    progress("judging each rung against the one below")
    if choice.sessions:
        found = moments(held, sessions_of(held.held_out, config), config, most=MOST_IN_SESSIONS)
        held = in_sessions(held, found, config)
    now, later = _hearings(data, held, segments, config)
    rungs = models.ladder({}).rungs
    verdicts: dict[RungName, Verdict] = {}
    for name, hearing in (
        (RungName.SEGMENT, now),
        (RungName.ONE_TO_ONE, now),
        (RungName.HYPER, later),
    ):
        verdicts[name] = _verdict(name, rungs, verdicts, hearing)
    habit = _habit_ladder(models, train, config)
    ladder = Ladder(Question.ITEMS, rungs, verdicts)
    simple = {
        "popular": Ladder(Question.ITEMS, (models.popular,), {}),
        "bought_before": habit,
        **_factors_alone(models, choice, train, config),
    }
    served = now.ndcg(ladder)
    places = newcomers.judged(now.judge, now.persons, models, train.interactions, verdicts)
    return replace(choice, new_item_places=places["places"]), Measurement(
        question=Question.ITEMS,
        verdicts=verdicts,
        metrics={
            "k": config.items.at_k,
            "cutoff": held.cutoff,
            "test_days": config.items.test_days,
            **_at_the_cutoff(rungs, verdicts, habit, now),
            "after_live_events": _after_live(rungs, verdicts, later),
            "new_item_places": places,
            "served_over_simple": contest(now.judge, now.persons, ladder, simple),
        },
        metric=_metric(config),
        window_start=held.cutoff,
        user_row=now.judge.wanted.user_row,
        figure=served.astype(np.float32),
    )


Rungs = Sequence[Rung[ItemQuery, Ranking]]
Verdicts = Mapping[RungName, Verdict]


@dataclass(frozen=True, slots=True)
class _Hearing:
    """Users as they are found at one moment, and what they then took."""

    judge: Judge
    persons: Sequence[Person]

    def ndcg(self, ladder: Lists) -> NDArray[np.float64]:
        return self.judge.ndcg(self.judge.lists(ladder, self.persons))

    def report(self, ladder: Lists) -> dict[str, Any]:
        return self.judge.report(self.judge.lists(ladder, self.persons))


def _hearings(
    data: TrainingData, held: Window, segments: SegmentTable, config: Config
) -> tuple[_Hearing, _Hearing]:
    """Return users at the cutoff, and those who came back after their first active day."""
    judge = Judge.of(held, data.catalogue.available, config)
    trait = trait_rows(data.trait, segments, config)
    gather = partial(persons, before=held.before, segments=segments, trait=trait)
    return (
        _Hearing(judge, gather(held.wanted.user_row, at=held.cutoff)),
        _Hearing(
            replace(judge, wanted=held.wanted_later),
            gather(held.wanted_later.user_row, at=held.asked_at, live=held.live),
        ),
    )


def _metric(config: Config) -> str:
    return f"NDCG@{config.items.at_k}"


def _up_to(name: RungName, rungs: Rungs, verdicts: Verdicts) -> Lists:
    """Return the ladder with this rung on top, shipped or not, above the shipped ones below."""
    start = next(place for place, rung in enumerate(rungs) if rung.name == name)
    below = {rung: verdict for rung, verdict in verdicts.items() if rung != name}
    return Ladder(Question.ITEMS, rungs[start:], below)


def _verdict(name: RungName, rungs: Rungs, verdicts: Verdicts, hearing: _Hearing) -> Verdict:
    shipped = [rung for rung, verdict in verdicts.items() if verdict.shipped]
    below = shipped[-1] if shipped else RungName.POPULAR
    ladder = _up_to(name, rungs, verdicts)
    applies = np.array([ladder.rungs[0].refusal(who) is None for who in hearing.persons], bool)
    gain = hearing.ndcg(ladder) - hearing.ndcg(_up_to(below, rungs, verdicts))
    lift = hearing.judge.estimate(gain[applies])
    return Verdict.on(name, below, _metric(hearing.judge.config), lift)


def _at_the_cutoff(
    rungs: Rungs, verdicts: Verdicts, habit: Lists, hearing: _Hearing
) -> dict[str, Any]:
    names = (RungName.POPULAR, RungName.SEGMENT, RungName.ONE_TO_ONE)
    ladders = {name: _up_to(name, rungs, verdicts) for name in names}
    gain = hearing.ndcg(ladders[RungName.ONE_TO_ONE]) - hearing.ndcg(habit)
    return {
        "users": len(hearing.persons),
        "rungs": {str(name): hearing.report(ladder) for name, ladder in ladders.items()},
        "baselines": {"bought_before": hearing.report(habit)},
        "one_to_one_over_bought_before": hearing.judge.estimate(gain),
    }


def _after_live(rungs: Rungs, verdicts: Verdicts, hearing: _Hearing) -> dict[str, Any]:
    names = (verdicts[RungName.HYPER].below, RungName.HYPER)
    ladders = {name: _up_to(name, rungs, verdicts) for name in names}
    return {
        "users": len(hearing.persons),
        "rungs": {str(name): hearing.report(ladder) for name, ladder in ladders.items()},
    }


def _factors_alone(
    models: ItemModels, choice: ItemChoice, train: TrainingData, config: Config
) -> dict[str, Lists]:
    """Return the best factorisation on a ladder of its own; nothing where none was tried."""
    tried = [trial for trial in choice.trials if isinstance(trial.settings, AlsSettings)]
    if not tried:
        return {}
    histories = models.weights.histories(train.interactions, at=models.at)
    factors = als.fit(histories, tried[0].settings, seed=config.training.seed)
    alone = FactorsAlone(factors, models.weights, models.at)
    return {"als": Ladder(Question.ITEMS, (alone, models.popular), {})}


def _habit_ladder(models: ItemModels, train: TrainingData, config: Config) -> Lists:
    kind = kind_weights(train.interactions.kinds, config)
    weights = EventWeights(kind, HABIT_HALF_LIFE_DAYS, own=1.0, live=1.0, live_own=1.0)
    habit = BoughtBefore(weights, train.catalogue.available, models.at)
    return Ladder(Question.ITEMS, (habit, models.popular), {})
