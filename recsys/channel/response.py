"""How often people respond: decayed counts, shrunk to what is known of more people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.channel.messages import Messages
from recsys.channel.recipients import Column
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

    def beliefs(self) -> list[Belief]:
        """Return what is believed of each channel, of posteriors of shape (n_channels,)."""
        return list(map(posterior, self.mean.tolist(), self.weight.tolist()))


class Belief(NamedTuple):
    """That one message brings a response, or what it adds to that; columns of one or of many."""

    p: Column
    sd: Column


def posterior(mean: Column, weight: Column) -> Belief:
    """Return what is believed by a Beta posterior of that mean and weight."""
    return Belief(mean, (mean * (1 - mean) / (weight + 1)) ** 0.5)


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
    in_model = row >= 0
    cell = row[in_model].astype(np.int64) * n_channels + messages.channel[in_model]
    summed = np.bincount(cell, amount[in_model], minlength=n_rows * n_channels)
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
