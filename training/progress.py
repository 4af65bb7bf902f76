"""Where a long job says what it is doing; `recsys.cli.progress` shows it."""

from __future__ import annotations

from typing import Protocol


class Steps(Protocol):
    """Told of the steps of a job."""

    def begin(self, step: str) -> None:
        """Note that a step began; the one before it is done."""

    def detail(self, text: str) -> None:
        """Note what the step at hand is busy with."""
