"""Where a long job says what it is doing, and what each step of it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from recsys.engines.engine import Usage


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
    cpu_seconds : float
        Of processor time, of all processes of the job.
    peak_bytes : int
        Most memory that the processes of the job ever held, up to its end.
    """

    step: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int


class MeasuredSteps:
    """Passes steps on, and notes what each took.

    Parameters
    ----------
    steps : Steps
        Told of all of them.
    used : callable
        Returns what the processes of the job used so far.
    """

    def __init__(self, steps: Steps, used: Callable[[], Usage]) -> None:
        self._steps = steps
        self.used = used
        self._step, self._began, self._cpu = "", time.monotonic(), 0.0
        self.costs: list[StepCost] = []

    def begin(self, step: str) -> None:
        """Note that a step began; the one before it is done."""
        self.end()
        self._step, self._began = step, time.monotonic()
        self._cpu = self.used().cpu_seconds
        self._steps.begin(step)

    def detail(self, text: str) -> None:
        """Note what the step at hand is busy with."""
        self._steps.detail(text)

    def end(self) -> None:
        """Note that the last step is done."""
        if self._step:
            took, used = time.monotonic() - self._began, self.used()
            cpu = max(0.0, used.cpu_seconds - self._cpu)
            self.costs.append(StepCost(self._step, took, cpu, used.peak_bytes))
        self._step = ""
