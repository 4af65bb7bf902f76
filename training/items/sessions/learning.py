"""Learning what comes next in a session: settings, weights, and how good they are.

Two windows of the latest sessions, one after the other: on the first the settings are chosen and
the blend's weights are learned, on the second the blend is judged against its parts. Then the
weights are learned anew on the second window and the parts are fitted on everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.sessions import features, ranker
from recsys.algorithms.sessions import knn as session_neighbours
from recsys.algorithms.sessions.features import SessionParts, decayed
from recsys.algorithms.sessions.knn import SessionSettings
from recsys.algorithms.sessions.log import Sessions
from recsys.algorithms.sessions.ranker import SessionBlend
from recsys.algorithms.sessions.transitions import TransitionSettings
from recsys.algorithms.topk import top_k
from recsys.evaluation.metrics import NOBODY
from training.progress import Steps

WINDOW_SHARE = 1 / 16
"""Of the training sessions, the latest ones, in each of the two windows."""
FEWEST_SESSIONS = 100
"""Fewer say nothing."""
SEARCHED, LEARNED, JUDGED = 3_000, 20_000, 10_000
"""Questions drawn to choose settings, to learn weights and to judge."""
AGES = (0.3, 1.0, 3.0)
"""How long ago a session weighs 1/e, in numbers of training sessions."""
GRID = {
    "memory": (1.0, 2.0, 4.0),
    "again": (0.5, 1.0, 2.0),
    "rarity": (0.0, 1.0, 2.0),
    "nearest": (100, 300),
}

Scorer = Callable[[NDArray[np.int32]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class SessionMetrics:
    """P@k and MRR@k in percent."""

    hit_rate: float
    mrr: float

    @property
    def total(self) -> float:
        """Hit rate plus MRR: what is maximised."""
        return self.hit_rate + self.mrr

    def __str__(self) -> str:
        return f"{self.hit_rate:.2f}/{self.mrr:.2f}"


@dataclass(frozen=True, slots=True)
class Job:
    """One run: the log, the length of the lists, the seed, and where progress goes."""

    log: Sessions
    k: int
    seed: int
    steps: Steps
    seconds: dict[str, float] = field(default_factory=dict)

    def window(self, back: int) -> tuple[int, int]:
        """Return the session rows of the last window (1) or the one before it (2)."""
        size = int(len(self.log) * WINDOW_SHARE)
        return len(self.log) - back * size, len(self.log) - (back - 1) * size

    def questions(self, back: int, n: int) -> tuple[Sessions, NDArray[np.int32]]:
        """Draw beginnings of sessions from a window, and what came next."""
        return self.log.between(*self.window(back)).prefixes(n, seed=self.seed)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Show a phase and note its wall time."""
        self.steps.begin(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start


def ranked(scorer: Scorer, prefixes: Sessions, k: int) -> NDArray[np.int32]:
    """Return the best for each prefix, int32, shape (n_prefixes, k), padded with ``NOBODY``."""
    lists = np.full((len(prefixes), k), NOBODY, np.int32)
    for place, rows in enumerate(prefixes):
        score = scorer(rows)
        best = top_k(score, k)
        best = best[score[best] > 0]
        lists[place, : len(best)] = best
    return lists


def judge(lists: NDArray[np.int32], targets: NDArray[np.int32]) -> SessionMetrics:
    """Measure the lists; a target that cannot be ranked is a miss."""
    hit = (lists == targets[:, None]) & (lists != NOBODY)
    gain = 1 / np.arange(1, lists.shape[1] + 1)
    return SessionMetrics(100 * float(hit.any(axis=1).mean()), 100 * float((hit @ gain).mean()))


def searched(job: Job) -> SessionSettings:
    """Try one setting after another on the window before the last; keep what raises P@k + MRR@k."""
    start, _ = job.window(2)
    past = job.log.between(0, start)
    prefixes, targets = job.questions(2, SEARCHED)

    def quality(settings: SessionSettings) -> float:
        fitted = session_neighbours.fit(past, settings)
        found = judge(ranked(fitted.score, prefixes, job.k), targets)
        job.steps.detail(f"{found}")
        return found.total

    best = SessionSettings(age=float(len(job.log)))
    with job.phase("choose settings"):
        reached = quality(best)
        for name, values in {"age": [age * len(job.log) for age in AGES], **GRID}.items():
            for value in values:
                change: dict[str, Any] = {name: value}
                trial = replace(best, **change)
                if trial != best and (found := quality(trial)) > reached:
                    best, reached = trial, found
    return best


def compared(
    job: Job, settings: SessionSettings
) -> tuple[SessionParts, dict[str, SessionMetrics], str]:
    """Judge the blend and its parts on the last window: parts, figures, the best one's name."""
    start, stop = job.window(2)
    with job.phase("learn the blend"):
        early = fitted(job, settings, start)
        weights = ranker.learn(early, *job.questions(2, LEARNED)).weights
    with job.phase("fit before the last window"):
        parts = fitted(job, settings, stop)
    prefixes, targets = job.questions(1, JUDGED)
    judged = {}
    for name, scorer in _scorers(SessionBlend(parts, weights)).items():
        with job.phase(f"judge {name} on {len(targets):,} beginnings"):
            judged[name] = judge(ranked(scorer, prefixes, job.k), targets)
    return parts, judged, max(judged, key=lambda name: judged[name].total)


def final(job: Job, settings: SessionSettings, parts: SessionParts, best: str) -> Scorer:
    """Return the best, its weights learned on the last window and its parts fitted on all."""
    with job.phase("fit on everything"):
        weights = last_weights(job, parts)
        return _scorers(SessionBlend(fitted(job, settings, len(job.log)), weights))[best]


def last_weights(job: Job, parts: SessionParts) -> NDArray[np.float32]:
    """Learn the weights on the last window, from parts that were fitted before it."""
    return ranker.learn(parts, *job.questions(1, LEARNED)).weights


def before_last_window(job: Job, settings: SessionSettings) -> SessionParts:
    """Fit the parts on all sessions but those of the last window."""
    return fitted(job, settings, job.window(1)[0])


def fitted(job: Job, settings: SessionSettings, stop: int) -> SessionParts:
    """Fit the parts on the first `stop` sessions."""
    return fit_parts(job.log.between(0, stop), settings, seed=job.seed)


def fit_parts(sessions: Sessions, settings: SessionSettings, *, seed: int) -> SessionParts:
    """Fit the parts of the blend on some sessions."""
    pairs = TransitionSettings(age=settings.age)
    return features.fit(sessions, settings, pairs, seed=seed)


def _scorers(blend: SessionBlend) -> dict[str, Scorer]:
    parts = blend.parts
    return {
        "neighbours": parts.neighbours.score,
        "transitions": lambda rows: parts.next_items.score(*decayed(rows)),
        "two steps": lambda rows: parts.second_items.score(*decayed(rows)),
        "blend": blend.score,
    }
