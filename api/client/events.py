"""Events on their way: as the API takes them, waiting in a queue that has an end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec

from api.client.asks import Ask
from api.client.errors import ServiceError, ServiceRefused
from api.client.exchange import AGAIN
from api.messages.events import CallsAnswer
from api.messages.placements import PlacementItems as Listing
from recsys.errors import BadEvent, RecsysError

Event = dict[str, Any]
Said = Mapping[str, Any]
Tell = Callable[[RecsysError], None]
MOST_WAITING = 10_000
MOST_IN_A_BATCH = 500
MOST_BYTES = 400_000
"""Of a batch; the service takes 512,000 bytes unless it is set otherwise."""


def _event(kind: str, user_id: str, **more: Any) -> Event:
    # Its id makes a repeated try count once.
    return {"type": kind, "userId": user_id, "messageId": str(uuid4()), "timestamp": _now(), **more}


class Outbox:
    """Events that wait; when it is full, new ones are turned away. Threads may share it.

    Parameters
    ----------
    most : int
        Events that wait.
    """

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._waiting: deque[bytes] = deque()
        self._most = most
        self._turn = threading.Lock()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, event: Event) -> bool:
        """Let an event wait, and return whether there was room."""
        said = msgspec.json.encode(event)
        with self._turn:
            fits = len(self._waiting) < self._most and len(said) < MOST_BYTES
            if fits:
                self._waiting.append(said)
            self.dropped += not fits
        return fits

    def take(self, *, most_bytes: int = MOST_BYTES) -> list[bytes]:
        """Return the next batch, oldest first; empty where nothing waits."""
        batch: list[bytes] = []
        size = 0
        with self._turn:
            while self._waiting and len(batch) < MOST_IN_A_BATCH:
                if batch and size + len(self._waiting[0]) > most_bytes:
                    break
                batch.append(self._waiting.popleft())
                size += len(batch[-1]) + 1
        return batch

    def put_back(self, batch: list[bytes]) -> None:
        """Let a batch that could not be sent wait again, in front."""
        with self._turn:
            self._waiting.extendleft(reversed(batch))
            while len(self._waiting) > self._most:
                self._waiting.pop()
                self.dropped += 1


def sending(batch: list[bytes]) -> Ask[CallsAnswer]:
    """Return the request that hands a batch in."""
    # By when it was sent the service knows how wrong the clock here is.
    events, sent_at = b",".join(batch), _now().encode()
    return Ask(CallsAnswer, "/v1/batch", b'{"sentAt":"%b","batch":[%b]}' % (sent_at, events))


def settled(
    outbox: Outbox, batch: list[bytes], outcome: CallsAnswer | ServiceError, tell: Tell
) -> bool:
    """Note what became of a batch, and return whether the next one may go.

    What was refused for good is told and lost; what may be taken later waits again.
    """
    if isinstance(outcome, CallsAnswer):
        for one in outcome.events:
            if one.verdict == "rejected":
                tell(BadEvent(one.code or "", one.reason or ""))
        return True
    tell(outcome)
    if isinstance(outcome, ServiceRefused) and outcome.status not in AGAIN:
        outbox.dropped += len(batch)
        return True
    outbox.put_back(batch)
    return False


class Telling:
    """The calls that tell of events: none of them waits for the service.

    Each returns whether there was room for the event; ``dropped`` counts those without.
    """

    def __init__(self, most_waiting: int) -> None:
        self._outbox = Outbox(most_waiting)

    @property
    def waiting(self) -> int:
        """Events that were not sent yet."""
        return len(self._outbox)

    @property
    def dropped(self) -> int:
        """Events for which there was no room, or that were refused for good."""
        return self._outbox.dropped

    def track(self, user_id: str, event: str, properties: Said | None = None, **more: str) -> bool:
        """Tell what a user did; `more` are members beside the properties (``user_hash``)."""
        return self._told("track", user_id, event=event, properties={**(properties or {})}, **more)

    def identify(self, user_id: str, traits: Said | None = None, **more: str) -> bool:
        """Tell what is known of a user; with ``anonymousId`` who it was before it signed in."""
        return self._told("identify", user_id, traits={**(traits or {})}, **more)

    def page(self, user_id: str, properties: Said | None = None, **more: str) -> bool:
        """Tell that a user sees a page."""
        return self._told("page", user_id, properties={**(properties or {})}, **more)

    def alias(self, previous_id: str, user_id: str, **more: str) -> bool:
        """Tell that an anonymous id is a user's."""
        return self._told("alias", user_id, previousId=previous_id, **more)

    def impression(self, user_id: str, of: Listing, item_id: str) -> bool:
        """Tell that a user saw an item of a list."""
        return self._exposed("impression", user_id, of, item_id)

    def click(self, user_id: str, of: Listing, item_id: str) -> bool:
        """Tell that a user clicked an item of a list."""
        return self._exposed("click", user_id, of, item_id)

    def _exposed(self, kind: str, user_id: str, of: Listing, item_id: str) -> bool:
        ranks = {item.item_id: item.rank for item in of.items}
        return self._told(
            "track",
            user_id,
            event=kind,
            recommendation_id=of.recommendation_id,
            placement=of.placement,
            item_id=item_id,
            rank=ranks[item_id],
        )

    def _told(self, kind: str, user_id: str, **more: Any) -> bool:
        there = self._outbox.put(_event(kind, user_id, **more))
        self._wake()
        return there

    def _wake(self) -> None:
        raise NotImplementedError


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
