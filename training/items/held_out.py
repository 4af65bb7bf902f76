"""What is held out of a history, and the kinds of tomorrow that it is read as.

A shop's tomorrow is never a random part of its past: what is taken next may be more popular than
what was taken, or rarer, or only what is new to the user. A ranker that is chosen by one reading
alone is brittle under the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.evaluation.split import Relevant

TOWARDS = {"popular": 0.5, "rare": -0.5}
"""Exponents of the popularity by which a pair is the likelier to be drawn."""
DRAWN = 0.5
"""Share of what was held out that is drawn towards the popular or the rare."""


class Held(Protocol):
    """Some events, what users took beyond them, and the instant in between."""

    @property
    def before(self) -> Interactions:
        """What is known."""

    @property
    def wanted(self) -> Relevant:
        """Available items that were held out."""

    @property
    def cutoff(self) -> int:
        """The instant as of which events have faded (microseconds)."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """See :class:`Held`."""

    before: Interactions
    wanted: Relevant
    cutoff: int


@dataclass(frozen=True, slots=True)
class HeldOutReading:
    """One way to read what was held out: some of it is wanted, and what is not is in no list.

    Attributes
    ----------
    wanted : bool, shape (n_pairs,)
        Which of the held-out pairs; the others are in no list.
    only_new : bool
        Whether items that the user had before are in no list.
    """

    wanted: NDArray[np.bool_]
    only_new: bool = False


def readings(
    wanted: Relevant,
    old: NDArray[np.bool_],
    popular: NDArray[np.int64],
    *,
    repeats: bool,
    seed: int,
) -> dict[str, HeldOutReading]:
    """Return the kinds of tomorrow that held-out pairs are read as, by what is added to a name.

    Parameters
    ----------
    wanted : Relevant
        What was held out.
    old : bool, shape (n_pairs,)
        Whether the user had the item before.
    popular : int64, shape (n_items,)
        How often each item was taken before.
    repeats : bool
        Whether items that the user had before may be in the lists.
    seed : int
        Of the draws.
    """
    found = {"": HeldOutReading(np.ones(len(old), bool), only_new=not repeats)}
    if repeats and old.any():
        found[", new to the user"] = HeldOutReading(~old, only_new=True)
    # Efraimidis & Spirakis 2006: the smallest of exponential numbers over their rates are drawn.
    waits = np.random.default_rng(seed).exponential(size=len(old))
    for name, exponent in TOWARDS.items():
        wait = waits / (1 + popular[wanted.item_row]) ** exponent
        drawn = np.zeros(len(old), bool)
        drawn[np.argsort(wait, kind="stable")[: round(DRAWN * len(old))]] = True
        found[f", drawn towards the {name}"] = HeldOutReading(drawn, only_new=not repeats)
    return found
