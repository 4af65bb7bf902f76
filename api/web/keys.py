"""Who may do what: keys of which only the SHA-256 is known here, and pages of others."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from api.errors import ForeignPage, KeyWithoutRight, UnknownHost, WrongKey
from api.runtime.clock import Clock, system
from recsys.config import ServingSection
from recsys.data.times import SECOND
from recsys.errors import StoreUnavailable
from recsys.storage.access.keys import Key, Right

if TYPE_CHECKING:
    from starlette.types import Scope

__all__ = ["Keys", "Right"]

LABEL = "key_label"
"""Where the label of the key that opened a request is noted in its scope."""

PROOF = "user_hash"
"""Where what a public key handed in as proof is noted, and the parameter that it comes in."""

_SAFE = frozenset({"GET", "HEAD"})
_CHANGES = frozenset({Right.WRITE, Right.ADMIN})
_CARRIES = frozenset({b"authorization", b"x-api-key"})
_LOOKED_AT = _CARRIES | {b"host", b"origin", b"sec-fetch-site"}
_QUERY = "key"
_MOST_MET = 1_000
_USE_NOTED = 60 * SECOND

Headers = dict[bytes, bytes]


class Keys:
    """The keys that are accepted: of the settings, and of the store as it was last read.

    As long as there is no key anywhere, nothing asks for one; then a request has to come under a
    name that nobody else can lead here, and no page of others can change anything.

    Parameters
    ----------
    serving : ServingSection
        SHA-256 of keys for each right, and the names of the service.
    clock : callable
        Now, microseconds since the epoch.
    """

    def __init__(self, serving: ServingSection, *, clock: Clock = system) -> None:
        self._own = _of_settings(serving)
        self._known = dict(self._own)
        self._clock = clock
        self._hosts = {serving.host, *serving.allowed_hosts}
        self._every: Callable[[], Mapping[str, Key]] | None = None
        self._is_read = True
        self._met: dict[object, Key] = {}
        self._used: dict[str, int] = {}
        self._noted: dict[str, int] = {}

    @property
    def wanted(self) -> bool:
        """Whether there is any key, so that everything asks for one."""
        return bool(self._known)

    def follow(self, every: Callable[[], Mapping[str, Key]]) -> None:
        """Take over the keys of the store, and where they are read again when that failed.

        Raises
        ------
        StoreUnavailable
            They cannot be read now; what was known stays.
        """
        self._every, self._is_read = every, False
        stored = {bytes.fromhex(digest): key for digest, key in every().items()}
        self._known, self._is_read = {**stored, **self._own}, True
        self._met.clear()

    def used(self) -> Mapping[str, int]:
        """Return when keys were used last, by label: of those whose use was not told for a minute.

        To tell it with every use would write to the store every second.
        """
        long_ago = {
            label: at
            for label, at in self._used.items()
            if at - self._noted.get(label, 0) >= _USE_NOTED
        }
        self._noted |= long_ago
        return long_ago

    def check(self, scope: Scope, needed: Right, *, browser: bool = False) -> None:
        """Refuse a request that lacks the key to what it wants.

        Parameters
        ----------
        scope : Scope
            The request, as ASGI has it; the label of its key is noted in it. A key is the user name
            of HTTP Basic, the token of ``Authorization: Bearer`` or the value of ``X-API-Key``; one
            that opens no more than what is for browsers may be the parameter ``key``.
        needed : Right
            What it wants.
        browser : bool
            Whether a browser's key opens it too.

        Raises
        ------
        WrongKey
            None was given, or one that is not known or does not hold any more.
        KeyWithoutRight
            The key is known, and opens something else.
        UnknownHost
            There are no keys, and the name of the service is none that is its own.
        ForeignPage
            A page of others asks for what changes something.
        """
        self._read_where_unread()
        if self._only_reads(scope, needed):
            return
        headers = {name: value for name, value in scope["headers"] if name in _LOOKED_AT}
        if not self._known:
            self._refuse_unknown_host(headers)
            _refuse_foreign(scope["method"], headers, needed)
            return
        key = self._key(scope, headers)
        if key is None or not key.holds(now := self._clock()):
            raise WrongKey(needed, missing=not _said(scope, headers))
        public = Right.BROWSER in key.rights
        if key.rights == {Right.BROWSER}:
            _take_proof(scope)
        if not (needed in key.rights or Right.ADMIN in key.rights or (browser and public)):
            raise KeyWithoutRight(needed, has=sorted(key.rights))
        if not public:
            _refuse_foreign(scope["method"], headers, needed)
        elif key.origins and (page := _page(headers)) and page not in key.origins:
            raise ForeignPage(page, allowed=key.origins)
        self._note(scope, key, now)

    def opens(self, scope: Scope, right: Right) -> bool:
        """Return whether the key of a request opens something; without any keys nothing is open."""
        if not self._known:
            return False
        try:
            self.check(scope, right)
        except (WrongKey, KeyWithoutRight, ForeignPage):
            return False
        return True

    def _read_where_unread(self) -> None:
        if not self._is_read and self._every is not None:
            with suppress(StoreUnavailable):
                self.follow(self._every)

    def _only_reads(self, scope: Scope, needed: Right) -> bool:
        """Return whether a request only reads, with a secret key that was looked at before.

        That is most of them, and nothing else is left to check then.
        """
        if needed in _CHANGES or scope["method"] not in _SAFE:
            return False
        said = {header[0]: header for header in scope["headers"] if header[0] in _CARRIES}
        key = self._met.get(said.get(b"authorization") or said.get(b"x-api-key"))
        if key is None or needed not in key.rights or not key.holds(now := self._clock()):
            return False
        self._note(scope, key, now)
        return True

    def _note(self, scope: Scope, key: Key, now: int) -> None:
        scope[LABEL] = key.label
        self._used[key.label] = now

    def _key(self, scope: Scope, headers: Headers) -> Key | None:
        if not (given := _given(headers)):
            return self._public(scope)
        # Found by its hash: the time that takes tells nothing of how near a wrong one is.
        key = self._known.get(sha256(given).digest())
        said = [(name, headers[name]) for name in _CARRIES if name in headers]
        # Of two, one cannot be told by itself to be what opened.
        is_secret_one = key is not None and Right.BROWSER not in key.rights and len(said) == 1
        if key and is_secret_one and len(self._met) < _MOST_MET:
            self._met[said[0]] = key
        return key

    def _public(self, scope: Scope) -> Key | None:
        """Return the key in the query string and take it out; addresses are logged everywhere."""
        query: bytes = scope["query_string"]
        if b"key=" not in query:
            return None
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        said = [value for name, value in pairs if name == _QUERY]
        if len(said) != 1:
            return None
        key = self._known.get(sha256(said[0].encode()).digest())
        if key is None or key.rights != {Right.BROWSER}:
            return None
        scope["query_string"] = urlencode([pair for pair in pairs if pair[0] != _QUERY]).encode()
        return key

    def _refuse_unknown_host(self, headers: Headers) -> None:
        # Whoever owns a name can let it lead here; nobody owns a number, or a name without a dot.
        host = _host(headers.get(b"host", b""))
        if "." in host and host not in self._hosts and not _is_address(host):
            raise UnknownHost(host, allowed=sorted(self._hosts))


def is_local_name(host: str) -> bool:
    """Return whether a host names this machine, where nobody reads along."""
    name = _host(host.encode("latin-1", "replace"))
    return name == "localhost" or (_is_address(name) and ip_address(name).is_loopback)


def is_public(scope: Scope) -> bool:
    """Return whether a request came with a key that anybody may have: one for browsers only."""
    return PROOF in scope


def is_secret(scope: Scope) -> bool:
    """Return whether a request came with a key that not everybody may have."""
    return LABEL in scope and PROOF not in scope


def proof_in(scope: Scope) -> str:
    """Return what a request with a public key handed in to prove whom it speaks of."""
    return str(scope[PROOF])


def actor(scope: Scope) -> str:
    """Return who asks, by the label of the key."""
    return str(scope.get(LABEL, "without a key"))


def _of_settings(serving: ServingSection) -> dict[bytes, Key]:
    named = {
        Right.READ: serving.read_keys_sha256,
        Right.WRITE: serving.write_keys_sha256,
        Right.EXPORT: serving.export_keys_sha256,
        Right.ADMIN: serving.admin_keys_sha256,
    }
    digests = {digest for of in named.values() for digest in of}
    return {
        bytes.fromhex(digest): Key(
            f"environment {digest[:8]}",
            frozenset(right for right in named if digest in named[right]),
        )
        for digest in digests
    }


def _take_proof(scope: Scope) -> None:
    query = scope["query_string"].decode("latin-1")
    pairs = parse_qsl(query, keep_blank_values=True) if PROOF in query else []
    scope[PROOF] = next((value for name, value in pairs if name == PROOF), "")
    if pairs:
        scope["query_string"] = urlencode([pair for pair in pairs if pair[0] != PROOF]).encode()


def _refuse_foreign(method: str, headers: Headers, needed: Right) -> None:
    """Refuse a page of others what changes something; what it reads its browser keeps from it."""
    if method in _SAFE and needed not in _CHANGES:
        return
    page = _page(headers)
    if page:
        host = headers.get(b"host", b"").decode("latin-1")
        if page.partition("://")[2] != host:
            raise ForeignPage(page, allowed=())
    elif headers.get(b"sec-fetch-site", b"none") not in {b"none", b"same-origin"}:
        raise ForeignPage("elsewhere", allowed=())


def _page(headers: Headers) -> str:
    return headers.get(b"origin", b"").decode("latin-1").lower()


def _said(scope: Scope, headers: Headers) -> bool:
    return bool(_given(headers)) or b"key=" in scope["query_string"]


@lru_cache(64)
def _host(said: bytes) -> str:
    return urlsplit(f"//{said.decode('latin-1')}").hostname or ""


@lru_cache(64)
def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _given(headers: Mapping[bytes, Any]) -> bytes:
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        return bytes(token.strip())
    if scheme.lower() == b"basic":
        try:
            return b64decode(token, validate=True).partition(b":")[0]
        except Error:
            return b""
    return bytes(headers.get(b"x-api-key", b""))
