"""Whether the request's context is listened to, and how much: on validation data only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.threads import one_thread
from recsys.algorithms.topk import top_k
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.person import Person
from recsys.evaluation import metrics
from recsys.evaluation.estimate import Estimate, bootstrap_mean
from recsys.evaluation.split import Relevant
from recsys.items.context_lift import ContextLift
from recsys.items.hyper import HyperItems
from training.data import TrainingData
from training.items.context import table as context_table
from training.items.context.table import ContextTable
from training.items.context.visits import contexts, visits
from training.items.sessions.choice import sessions_of
from training.items.sessions.moments import moments
from training.items.windows import Window

WEIGHTS = (0.25, 0.5, 1.0, 2.0, 4.0)
MOST_ASKED = 1_000


@dataclass(frozen=True, slots=True)
class ContextChoice:
    """What validation data say of the context.

    Attributes
    ----------
    weight, session_weight : float
        See :class:`recsys.items.context_lift.ContextLift`; 0 where the context does not clearly
        gain.
    gain, session_gain : Estimate or None
        What it gained in NDCG over the same ranking without context: at the begin of a visit, and
        in the middle of a session; see :func:`crossed`. None where nobody could be asked.
    """

    weight: float = 0.0
    session_weight: float = 0.0
    gain: Estimate | None = None
    session_gain: Estimate | None = None

    @property
    def used(self) -> bool:
        """Whether the context is listened to anywhere."""
        return self.weight > 0 or self.session_weight > 0


@dataclass(frozen=True, slots=True)
class VisitQuestions:
    """People at a moment with its context, and what they took next."""

    people: Sequence[Person]
    wanted: Relevant


def choose_context(
    data: TrainingData,
    held: Window,
    rung: HyperItems,
    config: Config,
    *,
    progress: Callable[[str], None],
) -> ContextChoice | None:
    """Choose what the context weighs, where it clearly beats the same ranking without it.

    Parameters
    ----------
    data : TrainingData
        The window and all before it; nothing that the choice will be judged on.
    held : Window
        The validation window; the table is counted on what was before it.
    rung : HyperItems
        Fitted on what was before the window, without context.
    config : Config
        The seed, and how intervals are made.
    progress : callable
        Told in words what is being done.

    Returns
    -------
    ContextChoice or None
        None where no occasion says anything of items.
    """
    progress("the context: count")
    table = context_table.fit(data.before(held.cutoff), config)
    if table is None:
        return None
    progress("the context: judge")
    with one_thread("blas"):
        weight, gain = _chosen(at_visits(data, held, config), rung, table, config)
        if rung.at_hand is None:
            return ContextChoice(weight=weight, gain=gain)
        asked = in_sessions(data, held, config)
        session_weight, session_gain = _chosen(asked, rung, table, config)
    return ContextChoice(weight, session_weight, gain, session_gain)


def at_visits(data: TrainingData, held: Window, config: Config) -> VisitQuestions:
    """Return users at the begin of a visit."""
    found = visits(held, config)
    return _asked(data, held, found.live, found.asked_at, _drawn(found.wanted, config))


def in_sessions(data: TrainingData, held: Window, config: Config) -> VisitQuestions:
    """Return users in the middle of a session."""
    log = sessions_of(held.held_out, config)
    found = moments(held, log, config, most=MOST_ASKED)
    return _asked(data, held, found.live, found.asked_at, found.wanted)


def _drawn(wanted: Relevant, config: Config) -> Relevant:
    shuffled = np.random.default_rng(config.training.seed).permutation(len(wanted))
    return wanted.of(np.sort(shuffled[:MOST_ASKED]))


def _asked(
    data: TrainingData,
    held: Window,
    live: Interactions,
    asked_at: NDArray[np.int64],
    wanted: Relevant,
) -> VisitQuestions:
    rows = wanted.user_row
    said = contexts(rows, data, held.held_out, asked_at)
    people = [
        Person(
            user_id=held.before.users[row],
            at=int(asked_at[row]),
            user_row=row,
            past=held.before.of_user(row),
            live=live.of_user(row),
            context=context,
        )
        for row, context in zip(rows.tolist(), said, strict=True)
    ]
    return VisitQuestions(people, wanted)


def _chosen(
    asked: VisitQuestions, rung: HyperItems, table: ContextTable, config: Config
) -> tuple[float, Estimate | None]:
    """Return the weight, 0 for none, and what the best one gained."""
    if len(asked.wanted) < 2:
        return 0.0, None
    tables = [table.weighing(weight, weight, config) for weight in WEIGHTS]
    without, *found = ndcg(asked, rung, (None, *tables), config)
    gains = np.stack(found) - without
    settings = config.training
    gain = bootstrap_mean(
        crossed(gains),
        seed=settings.seed,
        resamples=settings.resamples,
        confidence=settings.confidence,
    )
    clear = gain is not None and gain.clearly_above
    return (WEIGHTS[int(gains.mean(axis=1).argmax())] if clear else 0.0), gain


def crossed(gains: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each user's gain by the weight that the other half of the users chooses.

    The gain of the weight that looks best on the same users would flatter it.

    Parameters
    ----------
    gains : float64, shape (n_weights, n_users)
        In NDCG, over no context.
    """
    half = np.arange(gains.shape[1]) % 2
    found = np.empty(gains.shape[1])
    for own in (0, 1):
        best = gains[:, half != own].mean(axis=1).argmax()
        found[half == own] = gains[best, half == own]
    return found


def ndcg(
    asked: VisitQuestions,
    rung: HyperItems,
    contexts: Sequence[ContextLift | None],
    config: Config,
) -> NDArray[np.float64]:
    """Return the NDCG of each person's list in each context, float64, (n_contexts, n_people)."""
    k, wanted = config.items.at_k, asked.wanted
    lists = np.full((len(contexts), len(wanted), k), metrics.NOBODY, np.int32)
    for place, person in enumerate(asked.people):
        for row, best in enumerate(_ranked(person, rung, contexts, k)):
            lists[row, place, : len(best)] = best
    return np.stack(
        [
            metrics.ndcg(metrics.hits(each, wanted.item_row, wanted.indptr), wanted.counts)
            for each in lists
        ]
    )


def _ranked(
    person: Person, rung: HyperItems, contexts: Sequence[ContextLift | None], k: int
) -> Iterator[NDArray[np.int32]]:
    """Yield what the rung would answer in each context, of any item; scored once."""
    model, at = rung.one_to_one, person.at
    every = np.ones(len(model.taste.demand), bool)
    clicks = None if rung.at_hand is None else rung.at_hand.clicks(person.live, at=at)
    inside = clicks is not None and len(clicks) > 0
    lifts = [
        None if each is None else each.of(person.context, at=at, in_session=inside)
        for each in contexts
    ]
    if rung.at_hand is not None and clicks is not None and inside:
        score = model.score(person.past, person.live, at=at)
        for lift in lifts:
            ranking = rung.at_hand.rank(clicks, score, every, k, lift)
            yield every[:0].astype(np.int32) if ranking is None else ranking.item_row
        return
    plain = model.wanted(person.past, person.live, every, at=at)
    if plain is not None:
        yield from (
            top_k(plain if lift is None else model.lifted(plain, lift), k) for lift in lifts
        )
