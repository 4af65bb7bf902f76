"""The question "which items": choose, fit and measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs

from recsys.algorithms import als
from recsys.algorithms.als import AlsSettings
from recsys.config import Config
from recsys.engines import Engine, Memory
from recsys.evaluation.estimate import units_for
from recsys.evaluation.split import drawn
from recsys.items.history import EventWeights
from recsys.items.models import ItemModels
from recsys.ladder import Ladder, Question, RungName
from recsys.segments.table import SegmentTable
from training.data import TrainingData
from training.items import cold_start, mixed
from training.items.baselines import BoughtBefore, FactorsAlone, contest
from training.items.choice import ItemChoice
from training.items.choose import choose
from training.items.context.visits import contexts
from training.items.evidence import Evidence, Rungs, earlier_ends, judged, up_to
from training.items.fit import fit
from training.items.hearing import Hearing, Lists
from training.items.item_side import learnt_from
from training.items.judge import Judge, persons, trait_rows
from training.items.popularity import kind_weights
from training.items.ready import ReadyFor
from training.items.sessions.choice import sessions_of
from training.items.sessions.moments import in_sessions, moments
from training.items.windows import Window, window
from training.measurement import Measurement
from training.segments import fit_table
from training.verdicts import Verdicts

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

    Each rung is compared, through the ladder that serves, with what a user to whom it applies would
    get without it: of all such users and of each kind of person (:mod:`training.verdicts`). Live
    events are those of a user's first active day in the test window; the hyper rung is asked when
    the user comes back on a later day, and judged on what the user bought from then on. Who is new,
    and where the session at hand is listened to anybody with a session, is asked in the middle of
    it instead. Where the window has few users (``FEW_USERS``), earlier ones are chosen, fitted and
    asked too.

    Returns
    -------
    ItemChoice
        Chosen without the test window, but for places for new items: the window says whether
        they lose.
    Measurement
        Its figure is the NDCG of the served ladder for each user who bought in the test window.
    """
    latest = _tried(data, config, progress, engine or Memory())
    evidence, train, choice = latest.evidence, latest.train, latest.choice
    users = len(evidence.now.persons)
    ends = earlier_ends(data, config, judged_users=users)
    earlier = []
    for place, end in enumerate(ends, start=2):
        progress(f"{users:,} users are few: window {place} of {len(ends) + 1}")
        earlier.append(_tried(data.before(end), config, progress, engine or Memory()).evidence)
    progress("judging each rung against the one below")
    verdicts = judged([evidence, *earlier], config)
    rungs, now, later = evidence.rungs, evidence.now, evidence.later
    habit = _habit_ladder(latest.models, train, config)
    ladder = Ladder(Question.ITEMS, rungs, verdicts)
    simple = {"bought_before": habit, **_simple(latest.models, choice, train, config)}
    places = cold_start.judged(now, ladder, latest.models, train.interactions)
    return replace(choice, new_item_places=places["places"]), Measurement(
        question=Question.ITEMS,
        verdicts=verdicts,
        metrics={
            "k": config.items.at_k,
            "cutoff": latest.held.cutoff,
            "test_days": config.items.test_days,
            "windows": 1 + len(earlier),
            "of_users": len(latest.held.wanted),
            **_at_the_cutoff(rungs, verdicts, habit, now),
            "after_live_events": _after_live(rungs, verdicts, later),
            "context": _of_context(latest.models, choice, ladder, later),
            "new_item_places": places,
            "served_over_simple": contest(now, ladder, simple),
            "mixed_lists": mixed.judged(now, ladder, latest.held.held_out),
        },
        metric=_metric(config),
        window_start=latest.held.cutoff,
        user_row=now.judge.wanted.user_row,
        figure=now.ndcg(ladder).astype(np.float32),
    )


class _Tried(NamedTuple):
    """One window: what was known before it, chosen and fitted on that, and who judges it."""

    held: Window
    train: TrainingData
    choice: ItemChoice
    models: ItemModels
    evidence: Evidence


def _tried(
    data: TrainingData, config: Config, progress: Callable[[str], None], engine: Engine
) -> _Tried:
    held = window(data, config)
    train = data.before(held.cutoff)
    segments = fit_table(train, config, at=held.cutoff)
    choice = choose(train, segments, config, progress=progress)
    progress("fitting on all before the test window")
    asked = _drawn(_asked(held, choice, config), config)
    judging = np.union1d(asked.wanted.user_row, asked.wanted_later.user_row)
    few = ReadyFor(judging, engine)
    models = fit(train, segments, choice, config, at=held.cutoff, ready_for=few)
    now, later = _hearings(data, asked, segments, config)
    return _Tried(held, train, choice, models, Evidence(models.ladder({}).rungs, now, later))


def _asked(held: Window, choice: ItemChoice, config: Config) -> Window:
    """Return the test window, asked in the middle of sessions.

    Everybody where the choice listens to sessions, else only who is new: the first visit is most
    of what there will ever be of them.
    """
    found = moments(held, sessions_of(held.held_out, config), config, most=MOST_IN_SESSIONS)
    if not choice.sessions:
        new = np.diff(held.before.indptr)[found.wanted.user_row] == 0
        found = replace(found, wanted=found.wanted.of(np.flatnonzero(new)))
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
            [structs.replace(who, context=each) for who, each in zip(later, said, strict=True)],
        ),
    )


def _metric(config: Config) -> str:
    return f"NDCG@{config.items.at_k}"


def _at_the_cutoff(
    rungs: Rungs, verdicts: Verdicts, habit: Lists, hearing: Hearing
) -> dict[str, Any]:
    names = (RungName.POPULAR, RungName.SEGMENT, RungName.ONE_TO_ONE)
    ladders = {name: up_to(name, rungs, verdicts) for name in names}
    gain = hearing.ndcg(ladders[RungName.ONE_TO_ONE]) - hearing.ndcg(habit)
    return {
        "users": len(hearing.persons),
        "rungs": {str(name): hearing.report(ladder) for name, ladder in ladders.items()},
        "baselines": {"bought_before": hearing.report(habit)},
        "one_to_one_over_bought_before": hearing.judge.estimate(gain),
    }


def _after_live(rungs: Rungs, verdicts: Verdicts, hearing: Hearing) -> dict[str, Any]:
    names = (verdicts[RungName.HYPER].below, RungName.HYPER)
    ladders = {name: up_to(name, rungs, verdicts) for name in names}
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
    live = replace(ladder.verdicts[RungName.HYPER], shipped=True, by_kind={})
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
    histories = learnt_from(histories, train.interactions.users, config.training)
    factors = als.fit(histories, tried[0].settings, seed=config.training.seed)
    alone = FactorsAlone(factors, models.weights, models.at)
    return {**popular, "als": Ladder(Question.ITEMS, (alone, models.popular), {})}


def _habit_ladder(models: ItemModels, train: TrainingData, config: Config) -> Lists:
    kind = kind_weights(train.interactions.kinds, config)
    weights = EventWeights(kind, HABIT_HALF_LIFE_DAYS, own=1.0, live=1.0, live_own=1.0)
    habit = BoughtBefore(weights, train.catalogue.available, models.at)
    return Ladder(Question.ITEMS, (habit, models.popular), {})
