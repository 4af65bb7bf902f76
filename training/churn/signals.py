"""Whether signals beside events tell churn better: by groups, on held-out cut-offs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.churn.calibration import Model, level
from recsys.churn.features import SIGNAL_GROUPS
from recsys.churn.labels import Labelled, with_signals
from recsys.churn.one_to_one import OneToOneChurn
from recsys.churn.risk import probability
from recsys.churn.signals import OF_GROUP, HeardSignals
from recsys.config import Training
from recsys.data.signals import Signals
from recsys.evaluation import classification
from recsys.evaluation.classification import METRICS, Predictions, neg_log_loss
from recsys.evaluation.estimate import Estimate, bootstrap_mean

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SignalTrial:
    """What a group of signals added to what was told without it.

    Attributes
    ----------
    group : str
        Of ``SIGNAL_GROUPS``.
    n_signals : int
        How many there are of its kinds.
    gain : Estimate or None
        Mean gain in log likelihood of held-out users; None where nothing could be measured.
    kept : bool
        Whether the whole interval is above zero: only then is the group looked at.
    """

    group: str
    n_signals: int
    gain: Estimate | None
    kept: bool


@dataclass(frozen=True, slots=True)
class SignalWindow:
    """Rows to learn from, rows to judge on, and what is said of those without any signal."""

    rows: Labelled
    held_out: Labelled
    without: Model


Learn = Callable[[Labelled], Model]


def tried(
    windows: Sequence[SignalWindow], signals: Signals | None, learn: Learn, asked: Training
) -> tuple[SignalTrial, ...]:
    """Try each group of which there is any signal, beside those that were kept before it.

    Parameters
    ----------
    windows : sequence of SignalWindow
        Each learns from cut-offs whose windows closed before its own began.
    signals : Signals or None
        What was known before all of them ended; without any, nothing is tried.
    learn : function
        Fits a model to rows.
    asked : Training
        Confidence, resamples and seed of the interval; every user counts once.
    """
    if signals is None or not windows:
        return ()
    kept: tuple[str, ...] = ()
    before = [_likelihood(window.without, window.held_out) for window in windows]
    found = []
    for group in SIGNAL_GROUPS:
        n = signals.count(*OF_GROUP[group.name])
        if not n:
            continue
        heard = HeardSignals(signals, (*kept, group.name))
        now = [
            _likelihood(learn(with_signals(w.rows, heard)), with_signals(w.held_out, heard))
            for w in windows
        ]
        gain = _gain(windows, now, before, asked)
        clear = gain is not None and gain.clearly_above
        if clear:
            kept, before = heard.groups, now
        found.append(SignalTrial(group.name, n, gain, clear))
    return tuple(found)


def on_the_test(
    test: Labelled,
    told: OneToOneChurn | None,
    without: OneToOneChurn | None,
    asked: Training,
) -> Mapping[str, Any]:
    """Return what the groups that were kept add on the users of the test, with intervals.

    Parameters
    ----------
    test : Labelled
        Users active at the test cutoff; nothing was chosen on them.
    told, without : OneToOneChurn or None
        Rung 2 with the signals, and fitted in the same way without them.
    asked : Training
        Confidence, resamples and seed.
    """
    if told is None or without is None or not len(test):
        return {}
    p, lower = (own.p[test.user_row].astype(np.float64) for own in (told, without))
    said, less = (Predictions(test.churned, each, test.user_row) for each in (p, lower))
    auc, seed, n, sure = METRICS["auc"], asked.seed, asked.resamples, asked.confidence
    measured = partial(classification.measured, auc, seed=seed, resamples=n, confidence=sure)
    figures = {
        "auc": measured(said),
        "auc_without": measured(less),
        "auc_gain": classification.gained(auc, said, less, seed=seed, resamples=n, confidence=sure),
        "log_likelihood_gain": bootstrap_mean(
            neg_log_loss(test.churned, p) - neg_log_loss(test.churned, lower),
            seed=seed,
            resamples=n,
            confidence=sure,
        ),
    }
    return {name: None if e is None else asdict(e) for name, e in figures.items()}


def _likelihood(model: Model, held_out: Labelled) -> Floats:
    """Return the log likelihood of each row, the level put right: that is another question."""
    logit = model.logit(held_out.features)
    return neg_log_loss(held_out.churned, probability(logit + level(logit, held_out.churned)))


def _gain(
    windows: Sequence[SignalWindow],
    now: Sequence[Floats],
    before: Sequence[Floats],
    asked: Training,
) -> Estimate | None:
    user_row = np.concatenate([window.held_out.user_row for window in windows])
    gain = np.concatenate(now) - np.concatenate(before)
    _, of_user, counts = np.unique(user_row, return_inverse=True, return_counts=True)
    return bootstrap_mean(
        np.bincount(of_user, gain) / counts,
        seed=asked.seed,
        resamples=asked.resamples,
        confidence=asked.confidence,
    )
