"""One request from its first try to its answer: what to send, how long to wait, when to give up.

A generator says it, and whoever drives it sends and sleeps: one code for both clients.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from api.client.asks import Ask
from api.client.errors import ServiceTimeout, ServiceUnreachable

T = TypeVar("T")
AGAIN = frozenset({408, 429, 502, 503, 504})
"""What may be another answer in a moment."""

_FIRST_SECONDS = 0.1
_MOST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Send:
    """A try, and the seconds that it may take."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """To be slept before the next try."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a try.

    Attributes
    ----------
    status : int
        0: there was no answer.
    headers : mapping of str to str
        Of the answer, names in lower case.
    body : bytes
        Of the answer.
    failed : str
        Why there was none; empty where the time ran out.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    failed: str = ""


Exchange = Generator[Send | Pause, Reply, T]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer is waited for, and how often it is asked for.

    Attributes
    ----------
    seconds : float
        For all tries and the pauses between them together.
    tries : int
        Most requests.
    clock, chance : callable
        Seconds that ascend, and a number from 0 to 1.
    """

    seconds: float
    tries: int = 3
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random

    def exchange(self, ask: Ask[T]) -> Exchange[T]:
        """Try until there is an answer, a refusal that lasts, or no time left.

        Raises
        ------
        ServiceRefused
            It was refused.
        ServiceTimeout, ServiceUnreachable
            There was no answer in time, or none at all.
        """
        until = self.clock() + self.seconds
        for number in range(1, self.tries + 1):
            reply = yield Send(max(0.0, until - self.clock()))
            if reply.status and reply.status not in AGAIN:
                break
            left = until - self.clock()
            pause = pause_of(reply, number, self.chance())
            if number == self.tries or pause >= left:
                break
            yield Pause(pause)
        if not reply.status:
            raise ServiceUnreachable(reply.failed) if reply.failed else ServiceTimeout(self.seconds)
        return ask.read(reply.status, reply.body)


def pause_of(reply: Reply, number: int, chance: float) -> float:
    """Return the seconds before another try: what the answer says, else ever more, by chance."""
    said = reply.headers.get("retry-after", "")
    if said.isdecimal():
        return float(said)
    if said:
        try:
            at = parsedate_to_datetime(said)
        except ValueError:
            pass
        else:
            return max(0.0, (at - datetime.now(UTC)).total_seconds())
    return float(min(_MOST_SECONDS, _FIRST_SECONDS * 2 ** (number - 1)) * (0.5 + chance / 2))
