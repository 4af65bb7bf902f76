"""The client for code that does not wait: the same calls, to be awaited, in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
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


class AsyncClient(Telling):
    """Asks a service for answers, and tells it of events; parameters as of :class:`Client`."""

    def __init__(
        self, url: str, *, key: str = "", manner: Manner = USUAL, tell: Tell = logged
    ) -> None:
        super().__init__(manner.most_waiting)
        self._manner, self._tell = manner, tell
        headers = {"X-API-Key": key} if key else {}
        self._http = httpx.AsyncClient(base_url=url, headers=headers)
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def placement(
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
        return await self._shelf(asks.placement(placement_id, user_id=user_id, **wanted), fallback)

    async def recommendations(
        self, user_id: str, *, fallback: Sequence[str] | None = None, **wanted: Unpack[Wanted]
    ) -> Shelf:
        """Return the ranked items of a user; see :meth:`placement`."""
        return await self._shelf(asks.recommendations(user_id, **wanted), fallback)

    async def similar(
        self, item_id: str, *, fallback: Sequence[str] | None = None, **wanted: Unpack[Wanted]
    ) -> Shelf:
        """Return what goes with an item; see :meth:`placement`."""
        return await self._shelf(asks.similar(item_id, **wanted), fallback)

    async def pages(
        self, placement_id: str, *, user_id: str = "", **wanted: Unpack[Wanted]
    ) -> AsyncIterator[PlacementItems]:
        """Yield the pages of a placement, none of which repeats an item of another.

        Raises
        ------
        ServiceError
            A page cannot be had.
        """
        more: dict[str, object] = {**wanted, "user_id": user_id, "paged": True}
        while more:
            page = await self.ask(asks.placement(placement_id, **more))
            yield page
            more = {"cursor": page.next_cursor} if page.next_cursor else {}

    async def user(self, user_id: str) -> UserAnswer:
        """Return all three answers about a user."""
        return await self.ask(asks.about(UserAnswer, user_id, ""))

    async def channel(self, user_id: str, *, decision: str = "") -> ChannelAnswer:
        """Return which channel next; with the id of a decision it is taken, and logged."""
        return await self.ask(asks.about(ChannelAnswer, user_id, "/channel", decision=decision))

    async def churn(self, user_id: str) -> ChurnAnswer:
        """Return how likely a user is to churn."""
        return await self.ask(asks.about(ChurnAnswer, user_id, "/churn"))

    async def ask(self, ask: Ask[T]) -> T:
        """Return what is answered to a request.

        Raises
        ------
        ServiceRefused, ServiceTimeout, ServiceUnreachable
            It was not.
        """
        patience = Patience(self._manner.seconds, self._manner.tries)
        return await self._driven(patience.exchange(ask), ask)

    async def flush(self, *, seconds: float = 10.0) -> bool:
        """Send all events that wait, and return whether none is left."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        async with self._turn:
            while (left := until - loop.time()) > 0 and await self._sent(left):
                pass
        return not self.waiting

    async def close(self, *, seconds: float = 10.0) -> None:
        """Send what waits, as long as that takes no longer than `seconds`, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self.flush(seconds=seconds)
        await self._http.aclose()

    async def _shelf(self, ask: Ask[Listed | SimilarAnswer], own: Sequence[str] | None) -> Shelf:
        try:
            return Shelf.of(await self.ask(ask), own)
        except ServiceError as error:
            if own is None:
                raise
            self._tell(error)
            return Shelf(tuple(own), None, TIMEOUT if isinstance(error, ServiceTimeout) else ERROR)

    def _wake(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self.waiting:
            await asyncio.sleep(self._manner.batch_seconds)
            async with self._turn:
                while await self._sent(self._manner.delivery_seconds):
                    pass
            if self.waiting:
                await asyncio.sleep(self._manner.later_seconds)

    async def _sent(self, seconds: float) -> bool:
        """Send a batch, and return whether there was one and the next may go."""
        if not (batch := self._outbox.take()):
            return False
        ask = sending(batch)
        outcome: CallsAnswer | ServiceError
        try:
            outcome = await self._driven(Patience(seconds, 10).exchange(ask), ask)
        except ServiceError as error:
            outcome = error
        except asyncio.CancelledError:
            self._outbox.put_back(batch)
            raise
        return settled(self._outbox, batch, outcome, self._tell)

    async def _driven(self, exchange: Exchange[T], ask: Ask[T]) -> T:
        try:
            step = next(exchange)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = next(exchange)
                else:
                    step = exchange.send(await self._replied(step, ask))
        except StopIteration as done:
            answer: T = done.value
            return answer

    async def _replied(self, step: Send, ask: Ask[T]) -> Reply:
        try:
            async with asyncio.timeout(step.seconds):
                answer = await self._http.request(
                    ask.method, ask.path, content=ask.body, timeout=None
                )
                return Reply(answer.status_code, answer.headers, answer.content)
        except TimeoutError:
            return Reply(0, {}, b"")
        except httpx.HTTPError as error:
            return Reply(0, {}, b"", failed=str(error) or type(error).__name__)
