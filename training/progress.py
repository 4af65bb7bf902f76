"""What a long run shows: one line a step, with its time, and what it is busy with."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Steps(Protocol):
    """Where a long job says what it is doing."""

    def begin(self, step: str) -> None:
        """Note that a step began; the one before it is done."""

    def detail(self, text: str) -> None:
        """Note what the step at hand is busy with."""


class ConsoleSteps:
    """Steps drawn on a terminal; plain lines where there is none."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[detail]}[/]"),
            console=console,
        )
        self._current: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._finish()
        self._progress.stop()

    def begin(self, step: str) -> None:
        """Note that a step began; the one before it is done."""
        self._finish()
        self._current = self._progress.add_task(step, total=1, detail="")

    def detail(self, text: str) -> None:
        """Note what the step at hand is busy with."""
        if self._current is not None:
            self._progress.update(self._current, detail=text)

    def _finish(self) -> None:
        if self._current is not None:
            self._progress.update(self._current, completed=1, detail="")
            self._current = None
