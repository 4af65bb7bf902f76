"""Why a request is refused, or a model version does not serve."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from recsys.errors import BadQuery, QueryError, StoreError, shown


class BadConsent(BadQuery):
    """A field of one of many consents outside what is allowed; none of them is recorded."""

    def __init__(self, index: int, channel: object, wrong: BadQuery) -> None:
        super().__init__(wrong.parameter, wrong.value, wrong.allowed)
        self.index = index
        self.channel = channel
        about = f" (channel {shown(channel)})" if channel else ""
        self.args = (f"consents[{index}]{about}: {wrong}",)


class BodyTooLarge(QueryError):
    """A request with more bytes than are read."""

    def __init__(self, allowed_bytes: int) -> None:
        self.allowed_bytes = allowed_bytes
        super().__init__(
            f"the body is too large: at most {allowed_bytes:,} bytes; send smaller batches"
        )


class BodyTooSlow(QueryError):
    """A request whose body did not arrive in time."""

    def __init__(self, allowed_seconds: float) -> None:
        self.allowed_seconds = allowed_seconds
        super().__init__(f"the body did not arrive within {allowed_seconds:g} s")


class HeadersTooLarge(QueryError):
    """A request with more headers than are read."""

    def __init__(self, allowed_bytes: int) -> None:
        self.allowed_bytes = allowed_bytes
        super().__init__(f"address and headers are too large: at most {allowed_bytes:,} bytes")


class QueryTooLong(QueryError):
    """A query string longer than is read."""

    def __init__(self, allowed_bytes: int) -> None:
        self.allowed_bytes = allowed_bytes
        super().__init__(
            f"the query string is too long: at most {allowed_bytes:,} bytes; "
            "what has a body takes long lists there"
        )


class TooManyRequests(QueryError):
    """More requests of one key or address than are answered."""

    def __init__(self, allowed_per_minute: int, *, retry_after_seconds: int) -> None:
        self.allowed_per_minute = allowed_per_minute
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            f"too many requests: at most {allowed_per_minute:,} a minute; "
            f"the next in {retry_after_seconds} s"
        )


class ExpiredCursor(QueryError):
    """A cursor of a list that is not kept any more."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        super().__init__(
            f"the list of this cursor is not kept any more: it ends {minutes} minutes after a page "
            "of it was last asked for; ask for the first page again"
        )


class UnknownParameter(QueryError):
    """A parameter that nothing reads: the answer would not be to what was asked."""

    def __init__(self, parameter: str, *, allowed: Iterable[str]) -> None:
        self.parameter = parameter
        self.allowed = tuple(sorted(allowed))
        self.nearest = next(iter(get_close_matches(parameter, self.allowed, n=1)), None)
        hint = f" did you mean {self.nearest!r}?" if self.nearest else ""
        known = ", ".join(self.allowed) or "none"
        super().__init__(f"unknown parameter {shown(parameter)};{hint} allowed: {known}")


class EndedExport(QueryError):
    """An export without files: not yet, or not any more."""

    def __init__(self, export_id: str, state: str, *, why: str = "") -> None:
        self.export_id = export_id
        self.state = state
        self.why = why
        because = f" ({why})" if why else ""
        super().__init__(
            f"export {shown(export_id)} is {state}{because}; allowed: one that is done"
        )


class UnprovedHook(QueryError):
    """A call in the name of a tool that does not prove it."""

    def __init__(self, tool: str) -> None:
        self.tool = tool
        super().__init__(
            f"nothing proves that this is a call of {shown(tool)}: allowed are tools of "
            "serving.hook_secrets with their signature, or their secret in the address"
        )


class WrongKey(QueryError):
    """A request without a key that is accepted."""

    def __init__(self, needed: str, *, missing: bool) -> None:
        self.needed = needed
        self.missing = missing
        found = "no key" if missing else "the key is not known"
        super().__init__(
            f"{found}; allowed: a key that opens {needed}, as user name of HTTP Basic, as "
            "Bearer token or in X-API-Key"
        )


class KeyWithoutRight(QueryError):
    """A request with a key that opens something else."""

    def __init__(self, needed: str, *, has: Iterable[str]) -> None:
        self.needed = needed
        self.has = tuple(has)
        super().__init__(
            f"the key opens {' and '.join(self.has)}; needed: {needed}, "
            "see `recsys keys create --help`"
        )


class UnknownHost(QueryError):
    """A request under a name that whoever owns it can let lead here."""

    def __init__(self, host: str, *, allowed: Iterable[str]) -> None:
        self.host = host
        self.allowed = tuple(allowed)
        super().__init__(
            f"host is {shown(host)}; allowed without keys: addresses, names without a dot, "
            f"{', '.join(self.allowed)}; see serving.allowed_hosts, or make a key"
        )


class ForeignPage(QueryError):
    """A request of a web page that may not make it."""

    def __init__(self, origin: str, *, allowed: Iterable[str]) -> None:
        self.origin = origin
        self.allowed = tuple(allowed)
        may = ", ".join(self.allowed) or "pages of this service, and keys for browsers"
        super().__init__(f"a page of {shown(origin)} may not ask for this; allowed: {may}")


class CannotAnswer(StoreError):
    """A model version whose lowest rung fails."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f"model version {version} refused: its lowest rung fails, which has to serve anybody"
        )


class OtherStore(StoreError):
    """A model version that was trained on another store, or on more than this one holds."""

    def __init__(self, version: str, why: str) -> None:
        self.version = version
        self.why = why
        super().__init__(
            f"model version {version} and the store do not belong together: {why}; train on this "
            "store, or set serving.accept_other_store"
        )
