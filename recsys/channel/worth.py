"""What arms are worth, and the one that is clearly worth most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from recsys.channel.interval import Z
from recsys.channel.recipients import Column, entry, where
from recsys.channel.response import Belief
from recsys.channel.terms import Terms


class Worth(NamedTuple):
    """Expected money of one arm and its standard deviation; columns of one person or of many."""

    value: Column
    sd: Column


def gate(gate_error: float, *, challengers: int) -> float:
    """Return how many deviations a challenger must be ahead; 0 is an open gate.

    z(1 - gate_error / challengers), a Bonferroni bound over the challengers, never below 0.
    """
    level = 1 - gate_error / max(1, challengers)
    return Z(level) if level > 0.5 else 0.0


@cache
def gates(gate_error: float, most: int) -> tuple[float, ...]:
    """Return :func:`gate` for 0 to `most` challengers."""
    return tuple(gate(gate_error, challengers=n) for n in range(most + 1))


def toll(terms: Terms, leaving: Sequence[Belief]) -> list[Worth]:
    """Return what a message takes off the worth of its response: cost, price, and who leaves."""
    loss = terms.unsubscribe_cost
    return [
        Worth(channel.cost + channel.price + left.p * loss, left.sd * loss)
        for channel, left in zip(terms.channels, leaving, strict=True)
    ]


def worth(believed: Sequence[Belief], taken: Sequence[Worth], terms: Terms) -> list[Worth]:
    """Return p·value - cost - price - p_unsubscribe·cost of an unsubscribe, and its deviation."""
    gain = terms.response_value
    variance = gain * gain
    return [
        Worth(each.p * gain - off.value, (each.sd * each.sd * variance + off.sd * off.sd) ** 0.5)
        for each, off in zip(believed, taken, strict=True)
    ]


def pick(
    arms: Sequence[Worth], usable: Sequence[Column], held: Column, *, z: Column
) -> tuple[Column, Column]:
    """Return the arm held, or the best usable one that is clearly worth more.

    Clearly: (v_c - v_h) / √(s_c² + s_h²) > z, with z as :func:`gate` gives it. Where the arm held
    is not usable, or the gate is open, the arm of the highest value serves, the first of equals.

    Parameters
    ----------
    arms : sequence of Worth
        What each arm is worth.
    usable : sequence of bool
        Which of them may be used; at least one.
    held : int
        The arm to beat.
    z : float
        How many deviations a challenger must be ahead.

    Returns
    -------
    int, bool
        The arm, and whether it is `held` because nothing was clearly worth more.
    """
    beaten, doubt = (entry(columns, held) for columns in zip(*arms, strict=True))
    closed = (z > 0) & entry(usable, held)
    unguarded, variance = where(closed, False, True), doubt * doubt  # noqa: FBT003 - a column
    best, most = held, where(closed, beaten, -math.inf)
    for number, ((value, sd), may) in enumerate(zip(arms, usable, strict=True)):
        if may is False:
            continue
        clear = value - beaten > z * (sd * sd + variance) ** 0.5
        better = may & (clear | unguarded) & (value > most)
        if better is not False:
            best, most = where(better, number, best), where(better, value, most)
    return best, closed & (best == held)
