"""What a channel must earn beyond its cost, so that its budget lasts: a price for each.

With a bound on the share of decisions that may use a channel, the best use of it is to ask a price
of every message through it and let each decision take the arm of the highest worth less price:
prices are the dual of the assignment (Bertsekas 1998, chapter 7), here by linear programming.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recsys.channel.decide import decide_all
from recsys.channel.messages import Messages
from recsys.channel.models import ChannelModels
from recsys.config import Config
from recsys.data.times import DAY
from recsys.segments.table import SegmentTable
from training.channel.judge import receivers

MOST_DECISIONS = 20_000
TICK = 1e-9
"""So much more than those who are just left out would pay: rounding is no reason to get it."""


def priced(
    models: ChannelModels, messages: Messages, segments: SegmentTable, config: Config, *, at: int
) -> ChannelModels:
    """Return models whose channels cost what keeps them within their budgets.

    Asked about is everybody who ever got a message, at noon of the last day, through the channels
    that each got one through.
    """
    share = np.array([config.channels.arms[name].budget_share for name in models.terms.names])
    if (share >= 1).all():
        return models
    models = _at_prices(models, np.zeros(len(share)))
    crowd = receivers(messages, segments, at=at - at % DAY + DAY // 2)
    value = decide_all(models.ladder({}), crowd).value
    return _at_prices(models, prices(value, crowd.granted, share))


def _at_prices(models: ChannelModels, asked: NDArray[np.float64]) -> ChannelModels:
    channels = tuple(
        replace(channel, price=price)
        for channel, price in zip(models.terms.channels, asked.tolist(), strict=True)
    )
    return replace(models, terms=replace(models.terms, channels=channels))


def prices(
    value: NDArray[np.float64], usable: NDArray[np.bool_], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the price of a message through each channel, float64, shape (n_channels,).

    Parameters
    ----------
    value : float64, shape (n, n_channels)
        What a message is worth, net of its cost; to send nothing is worth 0.
    usable : bool, shape (n, n_channels)
        Whether it may be sent at all.
    share : float64, shape (n_channels,)
        Largest share of the decisions, 0 to 1; 1 is no bound.

    Returns
    -------
    float64, shape (n_channels,)
        In the money of `value`; 0 where the bound does not bind. No channel is used by more
        decisions than it may, but for as many as there are channels, which are worth the same in
        two ways. Of more than ``MOST_DECISIONS`` decisions, evenly spread ones are looked at.

    Notes
    -----
    min Σ_i u_i + Σ_c m_c λ_c over u, λ ≥ 0 with u_i ≥ v_ic - λ_c wherever c may be used.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    rows = np.unique(np.linspace(0, len(value) - 1, MOST_DECISIONS).astype(np.int64))
    value, usable = value[rows], usable[rows]
    n, width = value.shape
    decision, channel = np.nonzero(usable & (value > 0))
    number = np.arange(len(decision))
    left = coo_array(
        (
            np.full(2 * len(number), -1.0),
            (np.tile(number, 2), np.concatenate([decision, n + channel])),
        ),
        shape=(len(number), n + width),
    )
    if not len(number):
        return np.zeros(width)
    solution = linprog(  # type: ignore[call-overload]
        np.concatenate([np.ones(n), np.floor(share * n + 1e-9)]),
        A_ub=left.tocsr(),
        b_ub=-value[decision, channel],
        method="highs",
    )
    asked: NDArray[np.float64] = np.maximum(0.0, solution.x[n:])
    return np.where(asked > TICK, asked + TICK, 0.0)
