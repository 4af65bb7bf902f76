"""From one thing to the next: who went how far, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Reached:
    """One step of a funnel.

    Attributes
    ----------
    kind : str
        What was done.
    people : int
        Who did this after all steps before, in time.
    share : float or None
        Of who reached the step before; None without any, and of the first step.
    median_seconds : float or None
        From the step before to this one.
    """

    kind: str
    people: int
    share: float | None
    median_seconds: float | None


def funnel(
    steps: Sequence[str],
    done: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]],
    *,
    within: int,
) -> tuple[Reached, ...]:
    """Follow people from their first time of the first step through the others, in order.

    Parameters
    ----------
    steps : sequence of str
        Kinds, at least one.
    done : mapping of str to (int64, int64)
        Of each kind, people (from 0) and times (microseconds), shape (n_events,) each.
    within : int
        Longest time from the first step to the last, microseconds.
    """
    person, at = done[steps[0]]
    order = np.lexsort((at, person))
    people, first = np.unique(person[order], return_index=True)
    times = start = at[order][first]
    reached = [Reached(steps[0], len(people), None, None)]
    for kind in steps[1:]:
        came, when = _next(people, times, start + within, done[kind])
        share = len(came) / len(people) if len(people) else None
        waited = (when - times[came]) / 1e6
        median = float(np.median(waited)) if len(waited) else None
        reached.append(Reached(kind, len(came), share, median))
        people, times, start = people[came], when, start[came]
    return tuple(reached)


def _next(
    people: NDArray[np.int64],
    times: NDArray[np.int64],
    latest: NDArray[np.int64],
    done: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of who did it next in time, and when first."""
    person, at = done
    place = np.searchsorted(people, person)
    known = place < len(people)
    known[known] = people[place[known]] == person[known]
    place, at = place[known], at[known]
    good = (at > times[place]) & (at <= latest[place])
    place, at = place[good], at[good]
    order = np.lexsort((at, place))
    came, first = np.unique(place[order], return_index=True)
    return came, at[order][first]
