"""Who is at the door: cookies, forms of others, and how often a password may be tried."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from starlette.responses import Response

from api.errors import ForeignPage, TooManyRequests
from api.runtime.clock import system
from api.runtime.per_minute import PerMinute
from api.web.keys import is_local_name
from recsys.errors import BadQuery
from recsys.storage.access import accounts, sessions
from recsys.storage.access.sessions import LONGEST, Session

if TYPE_CHECKING:
    from starlette.types import Scope

    from recsys.config import ServingSection
    from recsys.storage.database.interface import Database

TRIES_A_MINUTE = 5
now = system
"""Sessions do not live by a clock of a demo."""

_SAFE_NAME, _PLAIN_NAME = "__Host-recsys", "recsys-console"
NO_TLS = "https, or this machine: elsewhere passwords and sessions could be read on their way"


class Door:
    """Lets in who has an account.

    Parameters
    ----------
    database : Database
        Where accounts and sessions are kept.
    serving : ServingSection
        Under which name the service is reached.
    """

    def __init__(self, database: Database, serving: ServingSection) -> None:
        self._database = database
        self._public_url = serving.public_url
        self._tries = PerMinute()

    def session(self, scope: Scope) -> Session | None:
        """Return who asks; None where nobody is signed in.

        Raises
        ------
        StoreUnavailable
            Sessions cannot be read.
        """
        return sessions.of(self._database, self._secret(scope), at=now())

    def enter(self, scope: Scope, name: str, answer: Response) -> Response:
        """Begin a session with a new id, and give its cookie along with an answer.

        Raises
        ------
        BadQuery
            It would travel in the clear.
        """
        self._refuse_clear(scope)
        secret = sessions.begin(self._database, name, at=now(), instead_of=self._secret(scope))
        answer.set_cookie(
            self._cookie(scope),
            secret,
            max_age=LONGEST // 1_000_000,
            secure=self._is_safe(scope),
            httponly=True,
            samesite="lax",
        )
        return answer

    def leave(self, scope: Scope, answer: Response) -> Response:
        """End the session of who asks."""
        if secret := self._secret(scope):
            sessions.end(self._database, secret)
        answer.delete_cookie(self._cookie(scope), secure=self._is_safe(scope), httponly=True)
        return answer

    def signed_in(self, scope: Scope, address: str, name: str, password: str) -> bool:
        """Return whether name and password are those of an account.

        Raises
        ------
        TooManyRequests
            There were too many tries within a minute, from here or for this name.
        BadQuery
            They came in the clear.
        """
        self._refuse_clear(scope)
        for who in (f"address {address}", f"name {name}"):
            tries, left = self._tries.count(who)
            if tries > TRIES_A_MINUTE:
                raise TooManyRequests(TRIES_A_MINUTE, retry_after_seconds=left)
        return accounts.opens(self._database, name, password)

    def refuse_foreign(self, scope: Scope) -> None:
        """Refuse what a page of others sends here (as Datasette and Go's standard library do).

        Raises
        ------
        ForeignPage
            Its browser says that another site sends it.
        """
        headers = dict(scope["headers"])
        site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin", b"").decode("latin-1")
        if site is not None:
            if site not in (b"same-origin", b"none"):
                raise ForeignPage(origin or "elsewhere", allowed=())
        elif origin and origin not in self._own(scope):
            raise ForeignPage(origin, allowed=())

    def _own(self, scope: Scope) -> frozenset[str]:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        public = "/".join(self._public_url.split("/")[:3])
        return frozenset({f"{scope['scheme']}://{host}", public} - {""})

    def _is_safe(self, scope: Scope) -> bool:
        return scope["scheme"] == "https" or self._public_url.startswith("https:")

    def _refuse_clear(self, scope: Scope) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if not self._is_safe(scope) and not is_local_name(host):
            raise BadQuery("scheme", "http", NO_TLS)

    def _cookie(self, scope: Scope) -> str:
        return _SAFE_NAME if self._is_safe(scope) else _PLAIN_NAME

    def _secret(self, scope: Scope) -> str:
        return cookies(scope).get(self._cookie(scope), "")


def cookies(scope: Scope) -> Mapping[str, str]:
    """Return the cookies of a request; none where they cannot be read."""
    jar: SimpleCookie = SimpleCookie()
    try:
        for name, value in scope["headers"]:
            if name == b"cookie":
                jar.load(value.decode("latin-1"))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}
