"""Whether the session at hand is listened to, and with which settings: on validation data only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.sessions.knn import SessionSettings
from recsys.algorithms.sessions.log import Sessions
from recsys.algorithms.sessions.ranker import SessionBlend
from recsys.algorithms.threads import one_thread
from recsys.algorithms.topk import top_k
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.errors import NothingToLearnFrom
from recsys.evaluation import metrics
from recsys.items.one_to_one import OneToOneItems
from recsys.items.session import AtHand
from training.items.popularity import kind_weights
from training.items.sessions.learning import (
    FEWEST_SESSIONS,
    WINDOW_SHARE,
    Job,
    before_last_window,
    fit_parts,
    last_weights,
    searched,
)
from training.items.sessions.log import SessionLog, session_log
from training.items.sessions.moments import SessionMoments, moments
from training.items.windows import Window
from training.measurement import clearly_above

TASTES = (0.001, 0.03, 0.1, 0.3, 1.0)
"""What the 1:1 score may weigh; the first only orders what sessions leave tied."""
MOST_ASKED = 1_000


@dataclass(frozen=True, slots=True)
class SessionChoice:
    """What validation data chose for the session at hand.

    Attributes
    ----------
    settings : SessionSettings
        Of the neighbours.
    weights : tuple of float
        Of the blend, learned on the latest window of sessions.
    taste : float
        What the 1:1 score weighs; see :class:`recsys.items.session.AtHand`.
    ndcg, part_ndcg : float
        Mean over users asked in the middle of a session of the validation window: with the
        session at hand, and with its events folded into the 1:1 model.
    """

    settings: SessionSettings
    weights: tuple[float, ...]
    taste: float
    ndcg: float
    part_ndcg: float


def choose_sessions(
    interactions: Interactions,
    held: Window,
    model: OneToOneItems,
    config: Config,
    *,
    progress: Callable[[str], None],
) -> SessionChoice | None:
    """Learn to rank what comes next in a session where that clearly beats folding it in.

    Settings, weights and parts that are judged come from sessions that began before the window;
    what serves then learns its weights anew on the latest sessions.

    Parameters
    ----------
    interactions : Interactions
        The window and all before it; nothing that the choice will be judged on.
    held : Window
        The validation window.
    model : OneToOneItems
        Fitted on what was before the window.
    config : Config
        The gap, the kinds that speak, the seed, and how intervals are made.
    progress : callable
        Told in words what is being done.

    Returns
    -------
    SessionChoice or None
        None where there are too few sessions with an order, or they do not win.
    """
    every = sessions_of(interactions, config)
    early = every.sessions.between(0, int(np.searchsorted(every.begins, held.cutoff)))
    if len(early) * WINDOW_SHARE < FEWEST_SESSIONS:
        return None
    asked = moments(held, sessions_of(held.held_out, config), config, most=MOST_ASKED)
    if len(asked.wanted) < 2:
        return None
    with one_thread("blas"):
        try:
            settings, blend = _learned(early, config, progress)
            weights = _latest_weights(every.sessions, settings, config)
        except NothingToLearnFrom:
            return None
        progress("the session at hand: judge")
        judge = _Judge(model, asked, held.before, config)
        part = judge.ndcg(None)
        tried = [at_hand(blend, taste, held.before.kinds, config) for taste in TASTES]
        figures = [judge.ndcg(each) for each in tried]
    best = int(np.argmax([figure.mean() for figure in figures]))
    if not clearly_above(figures[best], part, config.training):
        return None
    return SessionChoice(
        settings=settings,
        weights=tuple(weights.tolist()),
        taste=TASTES[best],
        ndcg=float(figures[best].mean()),
        part_ndcg=float(part.mean()),
    )


def fit_at_hand(interactions: Interactions, choice: SessionChoice, config: Config) -> AtHand:
    """Fit the parts on all sessions, with the weights that were chosen."""
    log = sessions_of(interactions, config)
    parts = fit_parts(log.sessions, choice.settings, seed=config.training.seed)
    blend = SessionBlend(parts, np.array(choice.weights, np.float32))
    return at_hand(blend, choice.taste, interactions.kinds, config)


def at_hand(blend: SessionBlend, taste: float, kinds: tuple[str, ...], config: Config) -> AtHand:
    """Return the ranker of the session at hand."""
    return AtHand(blend, taste, config.items.session_gap_minutes, kind_weights(kinds, config) > 0)


def sessions_of(interactions: Interactions, config: Config) -> SessionLog:
    """Return the sessions with an order, by the gap and the kinds that are configured."""
    speaks = kind_weights(interactions.kinds, config) > 0
    return session_log(interactions, speaks, gap_minutes=config.items.session_gap_minutes)


def _learned(
    early: Sessions, config: Config, progress: Callable[[str], None]
) -> tuple[SessionSettings, SessionBlend]:
    job = _job(early, config, progress)
    settings = searched(job)
    progress("the session at hand: learn the blend")
    weights = last_weights(job, before_last_window(job, settings))
    parts = fit_parts(early, settings, seed=config.training.seed)
    return settings, SessionBlend(parts, weights)


def _latest_weights(
    sessions: Sessions, settings: SessionSettings, config: Config
) -> NDArray[np.float32]:
    job = _job(sessions, config, _silent)
    return last_weights(job, before_last_window(job, settings))


def _job(sessions: Sessions, config: Config, progress: Callable[[str], None]) -> Job:
    return Job(sessions, config.items.at_k, config.training.seed, _AsDetails(progress))


@dataclass(frozen=True, slots=True)
class _AsDetails:
    """Tells of the steps of a job as details of the step at hand."""

    progress: Callable[[str], None]

    def begin(self, step: str) -> None:
        self.progress(f"the session at hand: {step}")

    def detail(self, text: str) -> None:
        pass


def _silent(text: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Judge:
    """Asks in the middle of sessions of the validation window."""

    model: OneToOneItems
    asked: SessionMoments
    before: Interactions
    config: Config

    def ndcg(self, ranker: AtHand | None) -> NDArray[np.float64]:
        """Return the NDCG of each user, of the session at hand or of folding its events in."""
        wanted, k = self.asked.wanted, self.config.items.at_k
        lists = np.full((len(wanted), k), metrics.NOBODY, np.int32)
        for place, user in enumerate(wanted.user_row.tolist()):
            best = self._best(user, ranker)
            lists[place, : len(best)] = best
        return metrics.ndcg(metrics.hits(lists, wanted.item_row, wanted.indptr), wanted.counts)

    def _best(self, user: int, ranker: AtHand | None) -> NDArray[np.int32]:
        past, live = self.before.of_user(user), self.asked.live.of_user(user)
        k, at = self.config.items.at_k, int(live.at[-1])
        score = self.model.score(past, live, at=at)
        if ranker is None:
            return top_k(score, k)
        found = ranker.rank(ranker.clicks(live, at=at), score, np.isfinite(score), k)
        return np.empty(0, np.int32) if found is None else found.item_row
