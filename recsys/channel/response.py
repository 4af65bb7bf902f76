"""How often people respond: decayed counts, shrunk to what is known of more people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.channel.messages import Messages
from recsys.data.times import DAY

PRIOR_RESPONSE = 0.05
PRIOR_RESPONSE_WEIGHT = 20.0
PRIOR_UNSUBSCRIBE = 0.002
PRIOR_UNSUBSCRIBE_WEIGHT = 500.0
MIN_KAPPA, MAX_KAPPA = 5.0, 200.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Beta posteriors of rates: any shape, one cell a channel (or segment and channel).

    Attributes
    ----------
    mean : float64
        Posterior mean, in (0, 1).
    weight : float64, same shape
        Messages' worth of evidence, prior included; the variance is
        ``mean (1 - mean) / (weight + 1)``.
    """

    mean: NDArray[np.float64]
    weight: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        positives: NDArray[np.float64],
        trials: NDArray[np.float64],
        *,
        prior: NDArray[np.float64] | float,
        kappa: NDArray[np.float64] | float,
    ) -> Rates:
        """Return (y + κ·m) / (n + κ) with n + κ as its weight."""
        weight = trials + kappa
        return cls(mean=(positives + kappa * prior) / weight, weight=weight)


class Chance(NamedTuple):
    """A probability in (0, 1), or what adds to one, and the deviation of what is believed of it."""

    p: float
    sd: float


class Belief(NamedTuple):
    """What is believed of one arm: that one message brings a response, makes its receiver leave."""

    response: Chance
    unsubscribe: Chance


class Beliefs(NamedTuple):
    """What is believed of each arm and person, float64, shape (n, n_channels).

    Of a response `p` and its deviation `sd`; of an unsubscribe `leave` and `leave_sd`.
    """

    p: NDArray[np.float64]
    sd: NDArray[np.float64]
    leave: NDArray[np.float64]
    leave_sd: NDArray[np.float64]

    @classmethod
    def of(cls, one: Sequence[Belief]) -> Beliefs:
        """Return the beliefs about one person, each of shape (n_channels,)."""
        columns = np.array([(*b.response, *b.unsubscribe) for b in one], np.float64)
        return cls(*columns.reshape(-1, 4).T)


def chances(mean: Sequence[float], weight: Sequence[float]) -> list[Chance]:
    """Return the chance of each Beta posterior, given by means and weights."""
    return [Chance(m, math.sqrt(m * (1 - m) / (w + 1))) for m, w in zip(mean, weight, strict=True)]


def decay(messages: Messages, *, half_life_days: float, at: int) -> NDArray[np.float64]:
    """Return what each message counts at `at`: 1 when new, half after the half-life."""
    return np.exp2((messages.at - at) / (half_life_days * DAY))


def counts(
    row: NDArray[np.integer],
    messages: Messages,
    amount: NDArray[np.float64],
    *,
    n_rows: int,
) -> NDArray[np.float64]:
    """Return sums of `amount` by row and channel, float64, shape (n_rows, n_channels).

    `row` and `amount` have shape (n_messages,); messages with a negative row are left out.
    """
    n_channels = len(messages.channels)
    known = row >= 0
    cell = row[known].astype(np.int64) * n_channels + messages.channel[known]
    summed = np.bincount(cell, amount[known], minlength=n_rows * n_channels)
    return summed.astype(np.float64, copy=False).reshape(n_rows, n_channels)


def concentration(
    positives: NDArray[np.float64], trials: NDArray[np.float64], mean: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return κ of a beta-binomial by its second moment, float64, shape (n_channels,).

    Parameters
    ----------
    positives, trials : float64, shape (n_rows, n_channels)
        Undecayed counts of each row (user or segment).
    mean : float64, shape (n_rows, n_channels)
        The mean each row is shrunk to.

    Notes
    -----
    ``E (y - n m)² = n m (1 - m) (1 + (n - 1) r)`` with ``r = 1 / (κ + 1)`` (Kleinman 1973, with the
    mean known), solved for r over all rows; no more spread than chance gives the largest κ. Clipped
    to [5, 200]: fewer than 5 messages are never believed outright, more than 200 always heard.
    """
    chance = trials * mean * (1 - mean)
    spread = ((positives - trials * mean) ** 2 - chance).sum(axis=0)
    scale = ((trials - 1) * chance).sum(axis=0)
    rho = np.divide(spread, scale, out=np.zeros_like(spread), where=scale > 0)
    kappa = np.divide(1, rho, out=np.full_like(rho, np.inf), where=rho > 0) - 1
    clipped: NDArray[np.float64] = np.clip(kappa, MIN_KAPPA, MAX_KAPPA)
    return clipped
