"""Which 1:1 model serves, and with which hyper-parameters: decided on validation data only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from recsys.algorithms.threads import one_thread
from recsys.config import Config
from recsys.items.hyper import HyperItems
from recsys.items.one_to_one import OneToOneItems, no_lists
from recsys.segments.table import SegmentTable
from training.data import TrainingData
from training.items.choice import ItemChoice, event_weights
from training.items.context.choice import choose_context
from training.items.live import with_live
from training.items.personal import HeldOutParts, choose_personal
from training.items.popularity import popular_half_life, with_popularity
from training.items.sessions.choice import choose_sessions, fit_at_hand
from training.items.tastes import choose_tastes
from training.items.weights import blended
from training.items.windows import Window, earlier_windows, validation_window
from training.segments import fit_table


def choose(
    data: TrainingData,
    segments: SegmentTable,  # noqa: ARG001 - all questions are trained through one signature
    config: Config,
    *,
    progress: Callable[[str], None],
) -> ItemChoice:
    """Try the models on the last `test_days` of the data, fitted on what was before.

    First how fast popularity fades, then the graphs, half-lives of the best graph, factorisations
    at the best half-life, the ranker over them, what live events are worth to the 1:1 model; last
    the session at hand and the context of the request. What the configuration fixes is taken as it
    is. Where the data are too short for such a window, it is shorter (:mod:`.windows`).

    Parameters
    ----------
    data : TrainingData
        Must not hold what the choice will be judged on.
    segments : SegmentTable
        Not looked at: those of the validation window are fitted for it.
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
    held = validation_window(data, config)
    half_life_days = popular_half_life(held, config)
    config = with_popularity(config, half_life_days)
    progress("segments by taste")
    table = fit_table(data.before(held.cutoff), config, at=held.cutoff)
    tastes = choose_tastes(held, data.catalogue, table, config)
    with one_thread("blas"):  # sums in the same order on any machine
        choice, model = _one_to_one(data, held, config, progress)
    sessions = choose_sessions(data.interactions, held, model, config, progress=progress)
    at_hand = None if sessions is None else fit_at_hand(held.before, sessions, config)
    rung = HyperItems(model, at_hand)
    context = choose_context(data, held, rung, config, progress=progress)
    return replace(
        choice,
        sessions=sessions,
        context=context,
        tastes=tastes,
        popular_half_life_days=half_life_days,
    )


def _one_to_one(
    data: TrainingData, held: Window, config: Config, progress: Callable[[str], None]
) -> tuple[ItemChoice, OneToOneItems]:
    """Return what is chosen of the 1:1 model, and the model as of the validation window."""
    learnt = earlier_windows(data, config)
    parts = HeldOutParts(name="latest", judging=held, learnt=learnt, repeats=True)
    found = choose_personal(parts, data.catalogue.available, config, progress=progress)
    choice = found.choice
    if choice.trials:
        progress("what events since training are worth")
        choice = with_live(choice, found.fitted.parts.taste, held, config)
    ranker = None if choice.blend is None else blended(found.fitted, choice.blend.learned)
    model = OneToOneItems(
        taste=found.fitted.parts.taste,
        weights=event_weights(choice, held.before.kinds, config),
        ready=no_lists(),
        at=held.cutoff,
        min_history=config.items.min_history,
        blended=ranker,
    )
    return choice, model
