"""How good a configuration is on one window: all that training does before it, judged on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.data.times import DAY
from recsys.errors import NothingToLearnFrom
from recsys.ladder import Ladder, Question, RungName
from training import items
from training.data import TrainingData
from training.items.choice import ItemChoice
from training.items.judge import Judge, persons, trait_rows
from training.items.windows import window
from training.segments import fit_table


@dataclass(frozen=True, slots=True)
class WindowScore:
    """What one window said of one configuration.

    Attributes
    ----------
    window_start : int
        The cutoff: chosen and fitted strictly before (microseconds).
    user_row : int32, shape (n,)
        The users judged.
    ndcg : float64, shape (n,)
        Of the 1:1 rung with rung 0 below it.
    choice : ItemChoice
        What training chose before the cutoff.
    """

    window_start: int
    user_row: NDArray[np.int32]
    ndcg: NDArray[np.float64]
    choice: ItemChoice


def judged(
    seen: TrainingData,
    config: Config,
    *,
    progress: Callable[[str], None],
    most_users: int | None = None,
) -> WindowScore:
    """Choose and fit as training does, `test_days` before the end of `seen`; judge on the rest.

    Parameters
    ----------
    seen : TrainingData
        Ends where the window ends.
    config : Config
        In force for choosing, fitting and judging.
    progress : callable
        Told in words what is being done.
    most_users : int or None
        Users judged at most, drawn by the seed; None judges all.
    """
    held = window(seen, config)
    train = seen.before(held.cutoff)
    segments = fit_table(train, config, at=held.cutoff)
    choice = items.choose(train, segments, config, progress=progress)
    models = items.fit(train, segments, choice, config, at=held.cutoff)
    users = np.random.default_rng(config.training.seed).permutation(len(held.wanted))
    wanted = held.wanted.of(np.sort(users[:most_users]))
    judge = Judge.of(held, seen.catalogue.available, config).asking(wanted)
    trait = trait_rows(seen.trait, segments, config)
    asked = persons(wanted.user_row, held.before, segments, trait, at=held.cutoff)
    rungs = [rung for rung in models.ladder({}).rungs if rung.name in _JUDGED]
    lists = judge.lists(Ladder(Question.ITEMS, rungs, {}), asked)
    return WindowScore(held.cutoff, wanted.user_row, judge.ndcg(lists), choice)


_JUDGED = (RungName.ONE_TO_ONE, RungName.POPULAR)


@dataclass(frozen=True, slots=True)
class Stretches:
    """The data as of several instants, all before the test window.

    Attributes
    ----------
    confirm : TrainingData
        Ends where the test window begins; its last window confirms the winner of the search.
    search : tuple of TrainingData
        End where the confirming window begins, and a window or more earlier, latest first.
    """

    confirm: TrainingData
    search: tuple[TrainingData, ...]


def stretches(data: TrainingData, config: Config, *, windows: int) -> Stretches:
    """Cut the test window off, keep the window before it for the end, search on those before.

    Parameters
    ----------
    data : TrainingData
        All there is; its last `test_days` are looked at by nothing that comes out of here.
    config : Config
        Length of a window.
    windows : int
        Windows to search on; fewer where the data do not go back so far.

    Raises
    ------
    NothingToLearnFrom
        The data do not reach back over the test window, the confirming one, and one to search
        on with as much again before it to learn from.
    """
    length = config.items.test_days * DAY
    start = int(data.interactions.at.min(initial=data.interactions.end))
    seen = [data]
    # A stretch ends with its last event, and the next one where the window of this one begins.
    while len(seen) < windows + 2 and (cut := seen[-1].interactions.end - length) - length > start:
        seen.append(data.before(cut))
    if len(seen) < 3:
        found = (data.interactions.end - start) // length
        raise NothingToLearnFrom("windows of items.test_days", found=int(found), needed=4)
    return Stretches(confirm=seen[1], search=tuple(seen[2:]))
