"""The client for code that waits. Events go out from a thread of its own."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx

from api.client import asks
from api.client.asks import ERROR, TIMEOUT, Ask, Shelf, Wanted
from api.client.errors import ServiceError, ServiceTimeout
from api.client.events import Tell, Telling, sending, settled
from api.client.exchange import Exchange, Patience, Pause, Reply, Send
from api.client.manner import USUAL, Manner, logged
from api.messages.events import CallsAnswer
from api.messages.placements import PlacementItems
from api.messages.users import ChannelAnswer, ChurnAnswer, Listed, SimilarAnswer, UserAnswer

T = TypeVar("T")
Sleep = Callable[[float], object]


class Client(Telling):
    """Asks a service for answers, and tells it of events.

    Threads may share one. Whoever does not use it as a context manager closes it.

    Parameters
    ----------
    url : str
        Where the service is.
    key : str
        Of `recsys keys`; empty: none.
    manner : Manner
        How long it waits, and how often it tries.
    tell : callable
        Told of what is not raised: why a list is the caller's own, which event was refused.
    """

    def __init__(
        self, url: str, *, key: str = "", manner: Manner = USUAL, tell: Tell = logged
    ) -> None:
        super().__init__(manner.most_waiting)
        self._manner, self._tell = manner, tell
        headers = {"X-API-Key": key} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers)
        self._more, self._closed = threading.Event(), threading.Event()
        self._turn, self._starting = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def placement(
        self,
        placement_id: str,
        *,
        user_id: str = "",
        fallback: Sequence[str] | None = None,
        **wanted: Unpack[Wanted],
    ) -> Shelf:
        """Return what a placement shows to a user, or to anybody.

        With a `fallback` nothing is raised: it is the list when there is no other in time.

        Raises
        ------
        ServiceError
            There is no answer, and no fallback.
        """
        return self._shelf(asks.placement(placement_id, user_id=user_id, **wanted), fallback)

    def recommendations(
        self, user_id: str, *, fallback: Sequence[str] | None = None, **wanted: Unpack[Wanted]
    ) -> Shelf:
        """Return the ranked items of a user; see :meth:`placement`."""
        return self._shelf(asks.recommendations(user_id, **wanted), fallback)

    def similar(
        self, item_id: str, *, fallback: Sequence[str] | None = None, **wanted: Unpack[Wanted]
    ) -> Shelf:
        """Return what goes with an item; see :meth:`placement`."""
        return self._shelf(asks.similar(item_id, **wanted), fallback)

    def pages(
        self, placement_id: str, *, user_id: str = "", **wanted: Unpack[Wanted]
    ) -> Iterator[PlacementItems]:
        """Yield the pages of a placement, none of which repeats an item of another.

        Raises
        ------
        ServiceError
            A page cannot be had.
        """
        more: dict[str, object] = {**wanted, "user_id": user_id, "paged": True}
        while more:
            page = self.ask(asks.placement(placement_id, **more))
            yield page
            more = {"cursor": page.next_cursor} if page.next_cursor else {}

    def user(self, user_id: str) -> UserAnswer:
        """Return all three answers about a user."""
        return self.ask(asks.about(UserAnswer, user_id, ""))

    def channel(self, user_id: str, *, decision: str = "") -> ChannelAnswer:
        """Return which channel next; with the id of a decision it is taken, and logged."""
        return self.ask(asks.about(ChannelAnswer, user_id, "/channel", decision=decision))

    def churn(self, user_id: str) -> ChurnAnswer:
        """Return how likely a user is to churn."""
        return self.ask(asks.about(ChurnAnswer, user_id, "/churn"))

    def ask(self, ask: Ask[T]) -> T:
        """Return what is answered to a request.

        Raises
        ------
        ServiceRefused, ServiceTimeout, ServiceUnreachable
            It was not.
        """
        patience = Patience(self._manner.seconds, self._manner.tries)
        return self._driven(patience.exchange(ask), ask, time.sleep)

    def flush(self, *, seconds: float = 10.0) -> bool:
        """Send all events that wait, and return whether none is left."""
        until = time.monotonic() + seconds
        if self._turn.acquire(timeout=seconds):
            try:
                while (left := until - time.monotonic()) > 0 and self._sent(left, time.sleep):
                    pass
            finally:
                self._turn.release()
        return not self.waiting

    def close(self, *, seconds: float = 10.0) -> None:
        """Send what waits, as long as that takes no longer than `seconds`, and end."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._more.set()
        self.flush(seconds=seconds)
        self._http.close()
        atexit.unregister(self.close)

    def _shelf(self, ask: Ask[Listed | SimilarAnswer], own: Sequence[str] | None) -> Shelf:
        try:
            return Shelf.of(self.ask(ask), own)
        except ServiceError as error:
            if own is None:
                raise
            self._tell(error)
            return Shelf(tuple(own), None, TIMEOUT if isinstance(error, ServiceTimeout) else ERROR)

    def _wake(self) -> None:
        with self._starting:
            # After a fork the thread is the parent's.
            if not (self._thread and self._thread.is_alive()) and not self._closed.is_set():
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
        self._more.set()

    def _work(self) -> None:
        while self._more.wait() and not self._closed.wait(self._manner.batch_seconds):
            self._more.clear()
            with self._turn:
                while self._sent(self._manner.delivery_seconds, self._closed.wait):
                    pass
            if self.waiting:
                self._closed.wait(self._manner.later_seconds)
                self._more.set()

    def _sent(self, seconds: float, sleep: Sleep) -> bool:
        """Send a batch, and return whether there was one and the next may go."""
        if not (batch := self._outbox.take()):
            return False
        ask = sending(batch)
        outcome: CallsAnswer | ServiceError
        try:
            outcome = self._driven(Patience(seconds, 10).exchange(ask), ask, sleep)
        except ServiceError as error:
            outcome = error
        return settled(self._outbox, batch, outcome, self._tell)

    def _driven(self, exchange: Exchange[T], ask: Ask[T], sleep: Sleep) -> T:
        try:
            step = next(exchange)
            while True:
                if isinstance(step, Pause):
                    sleep(step.seconds)
                    step = next(exchange)
                else:
                    step = exchange.send(self._replied(step, ask))
        except StopIteration as done:
            answer: T = done.value
            return answer

    def _replied(self, step: Send, ask: Ask[T]) -> Reply:
        until = time.monotonic() + step.seconds
        try:
            with self._http.stream(
                ask.method, ask.path, content=ask.body, timeout=step.seconds
            ) as answer:
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    if time.monotonic() > until:
                        return Reply(0, {}, b"")
                return Reply(answer.status_code, answer.headers, bytes(body))
        except httpx.TimeoutException:
            return Reply(0, {}, b"")
        except httpx.HTTPError as error:
            return Reply(0, {}, b"", failed=str(error) or type(error).__name__)
