"""What a long command says while it works, and when it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from recsys.cli.progress import TERMINATED, ConsoleSteps, stopping

ROOT = Path(__file__).parents[3]


def clock(times: Iterable[float]) -> Callable[[], float]:
    return iter(times).__next__


def steps(out: StringIO, *times: float, terminal: bool = False) -> ConsoleSteps:
    return ConsoleSteps(
        safe="nothing was written",
        safe_from={"write": "it may be incomplete"},
        shown_on=Console(file=out, force_terminal=terminal, width=80),
        clock=clock(times or [0.0] * 20),
    )


def test_without_a_terminal_every_step_is_a_line_with_the_time_so_far() -> None:
    out = StringIO()
    with steps(out, 0, 0, 0, 75, 4000) as told:
        told.begin("load")
        told.begin("fit [all]")
    assert out.getvalue() == "[0:00:00] load\n[0:01:15] fit [all]\n[1:06:40] done\n"


def test_details_are_told_every_few_seconds_only() -> None:
    out = StringIO()
    # begin at 0; details asked at 1, 6 (told at 6), 7
    with steps(out, 0, 0, 0, 1, 6, 6, 7, 8) as told:
        told.begin("search")
        told.detail("trial 1")
        told.detail("trial 2")
        told.detail("trial 3")
    assert out.getvalue().splitlines()[1:] == ["[0:00:06] search: trial 2", "[0:00:08] done"]


def test_what_is_counted_is_told_with_how_many_there_are() -> None:
    out = StringIO()
    with steps(out, 0, 0, 0, 9, 9, 9) as told:
        told.begin("answer")
        told.counting("users", 1_200)(500)
    assert "[0:00:09] answer: 500 of 1,200 users" in out.getvalue()


def test_with_a_terminal_the_step_at_hand_is_drawn_live() -> None:
    out = StringIO()
    with steps(out, terminal=True) as told:
        told.begin("answer")
        told.counting("users", 4)(1)
        told.say("half of it")
    assert "answer" in out.getvalue()
    assert "half of it" in out.getvalue()
    assert "✓" in out.getvalue()


@pytest.mark.parametrize(
    ("step", "safe"), [("fit", "nothing was written"), ("write", "it may be incomplete")]
)
def test_stopped_it_says_where_it_was_and_what_is_safe(step: str, safe: str) -> None:
    out = StringIO()
    with suppress(KeyboardInterrupt), steps(out) as told:
        told.begin(step)
        told.detail("half")
        raise KeyboardInterrupt
    assert out.getvalue().splitlines()[1:] == [f"stopped after 0:00:00 at: {step} (half)", safe]


def test_what_goes_wrong_is_not_called_stopped() -> None:
    out = StringIO()
    with suppress(ValueError), steps(out) as told:
        told.begin("fit")
        raise ValueError
    assert out.getvalue() == "[0:00:00] fit\n"


def test_sigterm_ends_a_block_in_order_and_only_there() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit, match=str(TERMINATED)), stopping():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_stopped_says_so_and_ends_with_the_usual_code(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    # A pipe that nobody writes to keeps the command at its first step.
    events = tmp_path / "events.csv"
    os.mkfifo(events)
    # As a shell in the foreground does: one in the background lets Ctrl-C be ignored.
    script = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from recsys.__main__ import main; main()"
    )
    asked = ["churn", "--events", str(events), "--cutoff", "2020-01-01", "--horizon-days", "30"]
    command = subprocess.Popen(
        [sys.executable, "-c", script, *asked, "--out", str(tmp_path / "p.csv")],
        stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert command.stderr is not None
    assert command.stderr.readline().endswith("] read events.csv\n")
    command.send_signal(number)
    # One that arrives just before the pipe is opened waits until that is done.
    while command.poll() is None:
        with suppress(OSError):
            os.close(os.open(events, os.O_WRONLY | os.O_NONBLOCK))
        time.sleep(0.05)
    _, said = command.communicate()
    assert command.returncode == code
    assert "at: read events.csv\n" in said
    assert "p.csv was not written; run it again" in said
