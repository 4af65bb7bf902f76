"""Messages on their way: signed, sent, tried again later, given up in the end."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from api.runtime.clock import system
from api.webhooks import signature
from api.webhooks.address import ForbiddenAddress, resolved, target
from recsys.config import Config
from recsys.data.times import HOUR, SECOND, micros
from recsys.errors import BadQuery, StoreUnavailable, UnknownWebhook
from recsys.storage.webhooks import messages
from recsys.storage.webhooks.endpoints import Endpoint, Endpoints
from recsys.storage.webhooks.messages import MessageState, OutgoingMessage, Try

if TYPE_CHECKING:
    import httpx

SECONDS = 15.0
"""For a call, all in all."""

WAITS = tuple(
    seconds * SECOND for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Before each further try, as Standard Webhooks recommends it."""

GONE = 410
_JITTER = 0.1
_AT_ONCE = 20
_LONGEST_WAIT = 24 * HOUR
_PRUNED_EVERY = HOUR
_TAKEN = range(200, 300)
_RANDOM = random.Random()  # noqa: S311 - it spreads retries, it keeps no secret


@dataclass(slots=True)
class Delivery:
    """Sends what is due.

    Attributes
    ----------
    endpoints : Endpoints
        Where to.
    config : Config
        Which hosts within may be called, how long messages are kept.
    """

    endpoints: Endpoints
    config: Config
    _pruned_at: int = 0
    _client: httpx.AsyncClient | None = field(default=None, init=False)

    async def follow(self, closing: asyncio.Event, seconds: float) -> None:
        """Send what is due, again and again."""
        while not closing.is_set():
            with suppress(StoreUnavailable):
                while not closing.is_set() and await self.work():
                    pass
                await self._prune()
            with suppress(TimeoutError):
                await asyncio.wait_for(closing.wait(), seconds)
        if self._client is not None:
            await self._client.aclose()

    async def work(self) -> int:
        """Send some of what is due, and return how many messages those were.

        Raises
        ------
        StoreUnavailable
            What was sent may be sent again, under the same ids.
        """
        database = self.endpoints.database
        due = await asyncio.to_thread(messages.claim, database, now=system(), most=_AT_ONCE)
        if due:
            done = await asyncio.gather(*(self._sent(one) for one in due))
            await asyncio.to_thread(messages.tried, database, done)
        return len(due)

    async def _sent(self, one: OutgoingMessage) -> OutgoingMessage:
        """Return a message as it is after one more try."""
        try:
            endpoint = await asyncio.to_thread(self.endpoints.get, one.webhook_id)
        except UnknownWebhook:
            return replace(one, state=MessageState.DEAD)
        began, at = time.perf_counter(), system()
        status, asked_wait, error = None, 0, ""
        try:
            async with asyncio.timeout(SECONDS):
                status, asked_wait = await self._called(endpoint, one, at)
        except TimeoutError:
            error = f"no answer in {SECONDS:.0f} s"
        except (ForbiddenAddress, BadQuery) as refused:
            error = str(refused)
        except Exception as failed:  # noqa: BLE001 - of a library, a network or a foreign server
            error = f"{type(failed).__name__}: {failed}"[:200]
        ms = round((time.perf_counter() - began) * 1_000)
        if status == GONE:
            await asyncio.to_thread(self.endpoints.turn, one.webhook_id, "it answered 410 Gone")
        return after(one, Try(at, status, ms, error), asked_wait=asked_wait)

    async def _called(self, endpoint: Endpoint, one: OutgoingMessage, at: int) -> tuple[int, int]:
        """Return the status of an answer, and for how long it asks to wait."""
        private = self.config.serving.webhook_hosts
        to = target(endpoint.url, private)
        address = await resolved(to, private)
        secrets = await asyncio.to_thread(self.endpoints.secrets, one.webhook_id, now=at)
        if not secrets:
            raise BadQuery("secret", "none", "one that a key of storage.encryption_keys opens")
        body = one.body.encode()
        headers = {
            **signature.headers(one.message_id, at // SECOND, body, secrets),
            "content-type": "application/json",
            "user-agent": "recsys-webhooks",
            "host": to.name,
        }
        call = self._http().stream(
            "POST", to.url(address), content=body, headers=headers,
            extensions={"sni_hostname": to.host},
        )  # fmt: skip
        # What is answered beyond its head says nothing, and may have no end.
        async with call as answer:
            return answer.status_code, _asked_wait(answer.headers.get("retry-after", ""))

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            # Loaded by who calls somebody only.
            import httpx

            # A proxy would look up names itself, and hide where they lead.
            self._client = httpx.AsyncClient(trust_env=False, timeout=SECONDS)
        return self._client

    async def _prune(self) -> None:
        if (now := system()) - self._pruned_at > _PRUNED_EVERY:
            self._pruned_at = now
            database, days = self.endpoints.database, self.config.data.hook_days
            await asyncio.to_thread(messages.prune, database, days, now=now)


def after(one: OutgoingMessage, made: Try, *, asked_wait: int = 0) -> OutgoingMessage:
    """Return a message after a try: taken, given up, or to be tried again later."""
    tries = (*one.tries, made)
    if made.status in _TAKEN:
        return replace(one, tries=tries, state=MessageState.DELIVERED)
    if len(tries) > len(WAITS):
        return replace(one, tries=tries, state=MessageState.DEAD)
    wait = WAITS[len(tries) - 1] * (1 + _RANDOM.uniform(0, _JITTER))
    wait = max(int(wait), min(asked_wait, _LONGEST_WAIT))
    return replace(one, tries=tries, next_at=made.at + wait)


def _asked_wait(said: str) -> int:
    if said.isdecimal() and len(said) < len(str(_LONGEST_WAIT)):
        return int(said) * SECOND
    try:
        return max(0, micros(parsedate_to_datetime(said)) - system())
    except ValueError:
        return 0
