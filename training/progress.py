"""Where a long job says what it is doing, and what each step of it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Steps(Protocol):
    """Told of the steps of a job; `recsys.cli.progress` shows them."""

    def begin(self, step: str) -> None:
        """Note that a step began; the one before it is done."""

    def detail(self, text: str) -> None:
        """Note what the step at hand is busy with."""


@dataclass(frozen=True, slots=True)
class StepCost:
    """What a step took.

    Attributes
    ----------
    step : str
        Which one.
    seconds : float
        By the wall.
    peak_bytes : int
        Most memory that the processes of the job ever held, up to its end.
    """

    step: str
    seconds: float
    peak_bytes: int


class MeasuredSteps:
    """Passes steps on, and notes what each took.

    Parameters
    ----------
    steps : Steps
        Told of all of them.
    peak : callable
        Returns the most memory held so far, bytes.
    """

    def __init__(self, steps: Steps, peak: Callable[[], int]) -> None:
        self._steps = steps
        self.peak = peak
        self._step, self._began = "", time.monotonic()
        self.costs: list[StepCost] = []

    def begin(self, step: str) -> None:
        """Note that a step began; the one before it is done."""
        self.end()
        self._step, self._began = step, time.monotonic()
        self._steps.begin(step)

    def detail(self, text: str) -> None:
        """Note what the step at hand is busy with."""
        self._steps.detail(text)

    def end(self) -> None:
        """Note that the last step is done."""
        if self._step:
            took = time.monotonic() - self._began
            self.costs.append(StepCost(self._step, took, self.peak()))
        self._step = ""
