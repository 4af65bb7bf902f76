"""When a request is tried again, and when it is given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from api.client.asks import Ask
from api.client.errors import ServiceRefused, ServiceTimeout, ServiceUnreachable
from api.client.exchange import Patience, Pause, Reply, Send, pause_of
from recsys.errors import RecsysError

ASK = Ask(int, "/")
SOON = {"retry-after": "2"}
RIGHT, LATE = Reply(200, {}, b"7"), Reply(0, {}, b"")
BUSY, GONE, LOST = Reply(429, SOON, b""), Reply(410, {}, b""), Reply(0, {}, b"", "refused")


def tried(seconds: float, *replies: Reply) -> tuple[list[Send | Pause], int | RecsysError]:
    """Return the steps of an exchange, and what it ended with; pauses and tries take no time."""
    exchange = Patience(seconds, clock=lambda: 0.0, chance=lambda: 1.0).exchange(ASK)
    coming, steps = iter(replies), [next(exchange)]
    try:
        while True:
            paused = isinstance(steps[-1], Pause)
            steps.append(next(exchange) if paused else exchange.send(next(coming)))
    except StopIteration as done:
        return steps, done.value
    except RecsysError as error:
        return steps, error


def test_an_answer_ends_it() -> None:
    assert tried(9.0, RIGHT) == ([Send(9.0)], 7)


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_what_may_pass_is_tried_again_when_the_service_says(status: int) -> None:
    assert tried(9.0, Reply(status, SOON, b""), RIGHT) == ([Send(9.0), Pause(2.0), Send(9.0)], 7)


def test_who_says_nothing_is_tried_ever_later() -> None:
    steps, error = tried(9.0, LOST, LOST, LOST)
    assert [step for step in steps if isinstance(step, Pause)] == [Pause(0.1), Pause(0.2)]
    assert isinstance(error, ServiceUnreachable)


def test_a_pause_longer_than_the_time_left_is_not_made() -> None:
    steps, error = tried(1.0, BUSY)
    assert steps == [Send(1.0)]
    assert isinstance(error, ServiceRefused)
    assert error.status == 429


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422, 500])
def test_what_lasts_is_not_tried_again(status: int) -> None:
    steps, error = tried(9.0, Reply(status, SOON, b'{"status": 1, "code": "c", "detail": "d"}'))
    assert len(steps) == 1
    assert isinstance(error, ServiceRefused)
    assert (error.status, error.code, error.why) == (status, "c", "d")


def test_time_that_ran_out_is_told_as_such() -> None:
    assert isinstance(tried(0.05, LATE)[1], ServiceTimeout)


def test_what_is_no_answer_of_the_service_is_told_as_such() -> None:
    assert isinstance(tried(1.0, Reply(200, {}, b"<html>"))[1], ServiceUnreachable)


def test_a_date_is_a_pause_too_and_nonsense_is_none() -> None:
    at = datetime.now(UTC) + timedelta(seconds=30)
    told = Reply(429, {"retry-after": format_datetime(at, usegmt=True)}, b"")
    assert 28 <= pause_of(told, 1, 0.5) <= 30
    assert pause_of(Reply(429, {"retry-after": "soon"}, b""), 1, 1.0) == 0.1
    assert pause_of(Reply(503, {}, b""), 99, 1.0) == 60.0
