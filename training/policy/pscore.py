"""Logs without pscores: alike for all, or not to be used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.policy_value import Decisions
from training.errors import NotRandomised
from training.policy.encoding import Encoding
from training.policy.log import Log

MAX_CHANCE = 1e-3


def with_pscores(log: Log, encoded: Encoding) -> Log:
    """Return the log with a pscore in every row: the file's, else the share of each arm.

    Shares stand in only where no feature tells which arm was used: otherwise somebody chose, and
    what came of it says nothing of what would come of choosing otherwise. That features tell
    nothing is no proof of a draw, so a note says what was assumed.

    Raises
    ------
    NotRandomised
        The file has no pscores and its arms depend on the features.
    """
    logged = log.logged
    if not np.isnan(logged.pscore).any():
        return log
    if (chance := balance(encoded.design(log.features), logged, n_arms=len(log.arms))) < MAX_CHANCE:
        raise NotRandomised(
            "pscores are missing and the features tell which arm was used "
            f"(p = {chance:.1g} if arms had been drawn alike for all)"
        )
    share = np.bincount(logged.action, minlength=len(log.arms)) / len(logged)
    told = ", ".join(f"{arm} {part:.3f}" for arm, part in zip(log.arms, share, strict=True))
    note = f"no pscores: the share of each arm is taken for it, as in a uniform draw ({told})"
    drawn = Decisions(logged.user_row, logged.action, share[logged.action], logged.reward)
    return replace(log, logged=drawn, notes=(*log.notes, note))


def balance(design: NDArray[np.float32], logged: Decisions, *, n_arms: int) -> float:
    """Return the chance that arms drawn alike for all would depend on the features this much.

    Per arm n·R² of a linear model of “this arm was used” is χ² with as many degrees as columns
    (Breusch & Pagan 1980); times the arms (Bonferroni). Of every user the first row counts: an arm
    may have been drawn once for all of a user's rows.
    """
    from scipy.stats import chi2

    _, first = np.unique(logged.user_row, return_index=True)
    z, action = design[first].astype(np.float64), logged.action[first]
    z = z[:, z.std(axis=0) > 0]
    z -= z.mean(axis=0)
    used = (action[:, None] == np.arange(n_arms)).astype(np.float64)
    used = used[:, (used.std(axis=0) > 0)]
    used -= used.mean(axis=0)
    gram = z.T @ z
    fitted = np.linalg.pinv(gram, hermitian=True) @ (z.T @ used)
    explained = (fitted * (gram @ fitted)).sum(axis=0) / (used**2).sum(axis=0)
    degrees = max(1, int(np.linalg.matrix_rank(gram, hermitian=True)))
    chances = chi2.sf(len(z) * explained, degrees)
    return min(1.0, float(chances.min()) * len(chances)) if len(chances) else 1.0
