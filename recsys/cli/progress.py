"""What a long command shows while it works, and what it says when it is stopped.

With a terminal: a line a step, the one at hand live. Without (a file, a pipe, a log): plain lines
as they come, with the time since the start.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from recsys.cli.console import console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

EVERY_SECONDS = 5.0
TERMINATED = 128 + signal.SIGTERM


@contextmanager
def stopping() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does: in order, and the process with 143."""

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        # A second one is not waited for.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class ConsoleSteps:
    """The steps of a long command.

    Parameters
    ----------
    safe : str
        What a person should know and do when the command is stopped.
    safe_from : mapping of str to str
        The same, from the step of that name on.
    shown_on : Console or None
        None: standard error, so that results alone go to standard output.
    clock : callable
        Seconds.
    """

    def __init__(
        self,
        *,
        safe: str,
        safe_from: Mapping[str, str] | None = None,
        shown_on: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = shown_on or console(stderr=True)
        self._safe = safe
        self._safe_from = safe_from or {}
        self._clock = clock
        self._shown: _Live | _Lines = (
            _Live(self._console) if self._console.is_terminal else _Lines(self._console, clock)
        )
        self._step = self._detail = ""

    def __enter__(self) -> Self:
        """Begin; from here on SIGTERM stops the command as Ctrl-C does."""
        self._started = self._clock()
        self._stopping = stopping()
        self._stopping.__enter__()
        self._shown.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, and say where the command was if it was stopped."""
        self._shown.stop(done=error is None)
        self._stopping.__exit__(None, None, None)
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            place = f"{self._step} ({self._detail})" if self._detail else self._step
            elapsed = _told(self._clock() - self._started)
            _print(self._console, f"stopped after {elapsed} at: {place or 'the start'}")
            _print(self._console, self._safe)

    def begin(self, step: str) -> None:
        """Note that a step began; the one before it is done."""
        self._step, self._detail = step, ""
        self._safe = self._safe_from.get(step, self._safe)
        self._shown.begin(step)

    def detail(self, text: str) -> None:
        """Note what the step at hand is busy with."""
        self._detail = text
        self._shown.detail(text)

    def say(self, text: str) -> None:
        """Tell what is worth a line of its own, whatever comes next."""
        self._shown.say(text)

    def counting(self, what: str, total: int | None) -> Callable[[int], None]:
        """Return what is told of how many more are done of the step at hand."""
        done = 0

        def more(count: int) -> None:
            nonlocal done
            done += count
            of = "" if total is None else f" of {total:,}"
            self.detail(f"{done:,}{of} {what}")
            self._shown.advance(done, total)

        return more


class _Live:
    """Steps drawn on a terminal."""

    def __init__(self, shown_on: Console) -> None:
        from rich.progress import (
            BarColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )  # fmt: skip

        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", style="dim", markup=False),
            console=shown_on,
        )
        self._task: TaskID | None = None

    def start(self) -> None:
        self._progress.start()

    def stop(self, *, done: bool) -> None:
        if done:
            self._finish()
        self._progress.stop()

    def begin(self, step: str) -> None:
        self._finish()
        self._task = self._progress.add_task(step, total=None, detail="")

    def detail(self, text: str) -> None:
        if self._task is not None:
            self._progress.update(self._task, detail=text)

    def say(self, text: str) -> None:
        _print(self._progress.console, text)

    def advance(self, done: int, total: int | None) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total)

    def _finish(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=1, total=1, detail="")


class _Lines:
    """Steps as plain lines: each step, and what it is busy with every few seconds."""

    def __init__(self, shown_on: Console, clock: Callable[[], float]) -> None:
        self._console = shown_on
        self._clock = clock
        self._step = ""

    def start(self) -> None:
        self._started = self._last = self._clock()

    def stop(self, *, done: bool) -> None:
        if done and self._step:
            self.say("done")

    def begin(self, step: str) -> None:
        self._step = step
        self.say(step)

    def detail(self, text: str) -> None:
        if self._clock() - self._last >= EVERY_SECONDS:
            self.say(f"{self._step}: {text}")

    def advance(self, done: int, total: int | None) -> None:
        """Lines tell it as the detail."""

    def say(self, text: str) -> None:
        self._last = self._clock()
        _print(self._console, f"[{_told(self._last - self._started)}] {text}")


def _told(seconds: float) -> str:
    return str(timedelta(seconds=int(seconds)))


def _print(shown_on: Console, text: str) -> None:
    shown_on.print(text, markup=False, highlight=False, soft_wrap=True)
