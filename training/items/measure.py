"""The question "which items": choose, fit and measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from recsys.algorithms import als
from recsys.algorithms.als import AlsSettings
from recsys.config import Config
from recsys.engines import Engine, Memory
from recsys.evaluation.estimate import units_for
from recsys.evaluation.split import drawn
from recsys.items.history import EventWeights
from recsys.items.models import ItemModels
from recsys.items.slate import ItemQuery, Ranking
from recsys.ladder import Ladder, Question, Rung, RungName, Verdict
from recsys.segments.table import SegmentTable
from training.data import TrainingData
from training.items import cold_start
from training.items.baselines import BoughtBefore, FactorsAlone, contest
from training.items.choice import ItemChoice
from training.items.choose import choose
from training.items.context.visits import contexts
from training.items.fit import fit
from training.items.hearing import Hearing, Lists
from training.items.judge import Judge, persons, trait_rows
from training.items.popularity import kind_weights
from training.items.ready import ReadyFor
from training.items.sessions.choice import sessions_of
from training.items.sessions.moments import in_sessions, moments
from training.items.windows import Window, window
from training.measurement import Measurement
from training.segments import fit_table

__all__ = ["ItemChoice", "choose", "fit", "measure"]

MOST_IN_SESSIONS = 2_000
"""Users asked in the middle of a session, drawn by the seed."""
HABIT_HALF_LIFE_DAYS = 365.0
"""Of the baseline "what the user bought before": long, so that frequency leads."""


def measure(
    data: TrainingData,
    config: Config,
    *,
    progress: Callable[[str], None],
    engine: Engine | None = None,
) -> tuple[ItemChoice, Measurement]:
    """Choose on what was known `test_days` before the end, and judge every rung on what came.

    Of many users so many are drawn to be judged on that no interval is wider than
    ``training.half_width`` on either side.

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
    segments = fit_table(train, config, at=held.cutoff)
    choice = choose(train, segments, config, progress=progress)
    progress("fitting on all before the test window")
    asked = _drawn(_asked(held, choice, config), config)
    judged = np.union1d(asked.wanted.user_row, asked.wanted_later.user_row)
    few = ReadyFor(judged, engine or Memory())
    models = fit(train, segments, choice, config, at=held.cutoff, ready_for=few)
    progress("judging each rung against the one below")
    now, later = _hearings(data, asked, segments, config)
    rungs = models.ladder({}).rungs
    verdicts = _verdicts(rungs, now, later)
    habit = _habit_ladder(models, train, config)
    ladder = Ladder(Question.ITEMS, rungs, verdicts)
    simple = {"bought_before": habit, **_simple(models, choice, train, config)}
    places = cold_start.judged(now, ladder, models, train.interactions)
    return replace(choice, new_item_places=places["places"]), Measurement(
        question=Question.ITEMS,
        verdicts=verdicts,
        metrics={
            "k": config.items.at_k,
            "cutoff": held.cutoff,
            "test_days": config.items.test_days,
            "of_users": len(held.wanted),
            **_at_the_cutoff(rungs, verdicts, habit, now),
            "after_live_events": _after_live(rungs, verdicts, later),
            "context": _of_context(models, choice, ladder, later),
            "new_item_places": places,
            "served_over_simple": contest(now, ladder, simple),
        },
        metric=_metric(config),
        window_start=held.cutoff,
        user_row=now.judge.wanted.user_row,
        figure=now.ndcg(ladder).astype(np.float32),
    )


Rungs = Sequence[Rung[ItemQuery, Ranking]]
Verdicts = Mapping[RungName, Verdict]


def _asked(held: Window, choice: ItemChoice, config: Config) -> Window:
    """Return the test window, asked in the middle of sessions where the choice listens to them."""
    if not choice.sessions:
        return held
    found = moments(held, sessions_of(held.held_out, config), config, most=MOST_IN_SESSIONS)
    return in_sessions(held, found, config)


def _drawn(held: Window, config: Config) -> Window:
    """Return the window with as many users as make the intervals that are asked for."""
    settings, users = config.training, held.before.users
    most = units_for(settings.half_width, confidence=settings.confidence)
    return replace(
        held,
        wanted=drawn(held.wanted, users, most=most, seed=settings.seed),
        wanted_later=drawn(held.wanted_later, users, most=most, seed=settings.seed),
    )


def _hearings(
    data: TrainingData, held: Window, segments: SegmentTable, config: Config
) -> tuple[Hearing, Hearing]:
    """Return users at the cutoff, and those who came back after their first active day."""
    judge = Judge.of(held, data.catalogue.available, config)
    trait = trait_rows(data.trait, segments, config)
    gather = partial(persons, before=held.before, segments=segments, trait=trait)
    rows = held.wanted_later.user_row
    later = gather(rows, at=held.asked_at, live=held.live)
    said = contexts(rows, data, held.held_out, held.asked_at)
    return (
        Hearing(judge, gather(held.wanted.user_row, at=held.cutoff)),
        Hearing(
            replace(judge, wanted=held.wanted_later),
            [replace(who, context=each) for who, each in zip(later, said, strict=True)],
        ),
    )


def _metric(config: Config) -> str:
    return f"NDCG@{config.items.at_k}"


def _up_to(name: RungName, rungs: Rungs, verdicts: Verdicts) -> Lists:
    """Return the ladder with this rung on top, shipped or not, above the shipped ones below."""
    start = next(place for place, rung in enumerate(rungs) if rung.name == name)
    below = {rung: verdict for rung, verdict in verdicts.items() if rung != name}
    return Ladder(Question.ITEMS, rungs[start:], below)


def _verdicts(rungs: Rungs, now: Hearing, later: Hearing) -> Verdicts:
    verdicts: dict[RungName, Verdict] = {}
    for name, hearing in (
        (RungName.SEGMENT, now),
        (RungName.ONE_TO_ONE, now),
        (RungName.HYPER, later),
    ):
        verdicts[name] = _verdict(name, rungs, verdicts, hearing)
    return verdicts


def _verdict(name: RungName, rungs: Rungs, verdicts: Verdicts, hearing: Hearing) -> Verdict:
    shipped = [rung for rung, verdict in verdicts.items() if verdict.shipped]
    below = shipped[-1] if shipped else RungName.POPULAR
    ladder = _up_to(name, rungs, verdicts)
    gain = hearing.ndcg(ladder) - hearing.ndcg(_up_to(below, rungs, verdicts))
    lift = hearing.judge.estimate(gain[hearing.applies(ladder.rungs[0])])
    return Verdict.on(name, below, _metric(hearing.judge.config), lift)


def _at_the_cutoff(
    rungs: Rungs, verdicts: Verdicts, habit: Lists, hearing: Hearing
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


def _after_live(rungs: Rungs, verdicts: Verdicts, hearing: Hearing) -> dict[str, Any]:
    names = (verdicts[RungName.HYPER].below, RungName.HYPER)
    ladders = {name: _up_to(name, rungs, verdicts) for name in names}
    return {
        "users": len(hearing.persons),
        "rungs": {str(name): hearing.report(ladder) for name, ladder in ladders.items()},
    }


def _of_context(
    models: ItemModels, choice: ItemChoice, ladder: Lists, hearing: Hearing
) -> dict[str, Any]:
    """Return what was chosen of the context, and what it gains on the test window."""
    told: dict[str, Any] = {"chosen": choice.context, "cells": [], "gain": None}
    if models.context is None:
        return told
    live = replace(ladder.verdicts[RungName.HYPER], shipped=True)
    ours = replace(ladder, verdicts={**ladder.verdicts, RungName.HYPER: live})
    without = replace(models, context=None).ladder(ours.verdicts)
    gain = hearing.judge.estimate(hearing.ndcg(ours) - hearing.ndcg(without))
    return {**told, "cells": list(models.context.cells), "gain": gain}


def _simple(
    models: ItemModels, choice: ItemChoice, train: TrainingData, config: Config
) -> dict[str, Lists]:
    """Return rung 0, and the best factorisation if one was tried, on ladders of their own."""
    popular = {"popular": Ladder(Question.ITEMS, (models.popular,), {})}
    tried = [trial for trial in choice.trials if isinstance(trial.settings, AlsSettings)]
    if not tried:
        return popular
    histories = models.weights.histories(train.interactions, at=models.at)
    factors = als.fit(histories, tried[0].settings, seed=config.training.seed)
    alone = FactorsAlone(factors, models.weights, models.at)
    return {**popular, "als": Ladder(Question.ITEMS, (alone, models.popular), {})}


def _habit_ladder(models: ItemModels, train: TrainingData, config: Config) -> Lists:
    kind = kind_weights(train.interactions.kinds, config)
    weights = EventWeights(kind, HABIT_HALF_LIFE_DAYS, own=1.0, live=1.0, live_own=1.0)
    habit = BoughtBefore(weights, train.catalogue.available, models.at)
    return Ladder(Question.ITEMS, (habit, models.popular), {})
