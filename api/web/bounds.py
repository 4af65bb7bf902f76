"""How large a request may be, and how many of them a key or an address may send."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from api.errors import HeadersTooLarge, QueryTooLong, TooManyRequests
from api.runtime.bounded_http import HEADER_BYTES
from api.runtime.per_minute import WINDOW_SECONDS, PerMinute
from api.web.keys import LABEL
from recsys.config import ServingSection
from recsys.errors import QueryError

if TYPE_CHECKING:
    from starlette.types import Scope

HEADERS = "rate_limit_headers"
"""Where the scope of a request holds what its answer says of how many more there may be."""

_SLOWER_SECONDS = 0.02
_SLOWEST_SECONDS = 2.0


class Bounds:
    """The bounds of one worker; counts are kept in its memory.

    Parameters
    ----------
    serving : ServingSection
        How much of everything there may be.
    """

    def __init__(self, serving: ServingSection) -> None:
        self._most_query = serving.max_query_bytes
        self._most_headers = serving.max_header_bytes
        self._most = serving.requests_per_minute
        self._proxies = frozenset(serving.trusted_proxies)
        self._most_failed = serving.failed_keys_per_minute
        policy = b'"requests";q=%d;w=%d' % (self._most, WINDOW_SECONDS)
        self._policy = (b"ratelimit-policy", policy)
        self._asked, self._failed = PerMinute(), PerMinute()

    def check(self, scope: Scope) -> None:
        """Refuse what is too large.

        Raises
        ------
        HeadersTooLarge, QueryTooLong
            It is.
        """
        if scope.get(HEADER_BYTES, 0) > self._most_headers:
            raise HeadersTooLarge(self._most_headers)
        if len(scope["query_string"]) > self._most_query:
            raise QueryTooLong(self._most_query)

    def count(self, scope: Scope) -> None:
        """Count a request for its key, or for its address where it needs none.

        Raises
        ------
        TooManyRequests
            There were too many within a minute.
        """
        if not self._most:
            return
        count, seconds = self._asked.count(scope.get(LABEL) or self.address(scope))
        left = self._most - count if count < self._most else 0
        scope[HEADERS] = (self._policy, (b"ratelimit", b'"requests";r=%d;t=%d' % (left, seconds)))
        if count > self._most:
            raise TooManyRequests(self._most, retry_after_seconds=seconds)

    async def slowly(self, scope: Scope, error: QueryError) -> QueryError:
        """Return what is answered to a wrong key, the later the more there were of the address."""
        count, seconds = self._failed.count(self.address(scope))
        await asyncio.sleep(min(_SLOWEST_SECONDS, _SLOWER_SECONDS * count))
        if count <= self._most_failed:
            return error
        return TooManyRequests(self._most_failed, retry_after_seconds=seconds)

    def address(self, scope: Scope) -> str:
        """Return who is asking, by address: what a trusted proxy says of it, else what is seen."""
        seen = (scope.get("client") or ("",))[0]
        if seen in self._proxies:
            said = dict(scope["headers"]).get(b"x-forwarded-for", b"").decode("latin-1")
            return said.rpartition(",")[2].strip() or seen
        return str(seen)
