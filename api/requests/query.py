"""What a request asks for beyond the user: one value, read from a query string or a JSON body."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
from fastapi import Request
from msgspec import Meta, Struct

from api.messages import schema
from api.messages.message import told
from recsys.config import Config
from recsys.data import times
from recsys.data.person import Context
from recsys.errors import BadQuery, UnknownParameter
from recsys.items.slate import Repeats
from recsys.ladder import RungName

MAX_ID_LENGTH = 512
ENCODED_SLASH = "\udc2f"
_CACHED_BYTES = 200
_LISTS = ("exclude", "cart")
_COUNTS = ("limit", "per_category")

Names = frozenset[str]
"""Names of parameters; ``trait`` stands for the configured trait (``country``) too."""

NO_NAMES: Names = frozenset()
SIMILAR: Names = frozenset({"limit", "exclude"})
MOMENT: Names = frozenset({"placement", "device", "trait", "timezone", "force_rung", "explain"})
ITEMS: Names = MOMENT | {"limit", "exclude", "cart", "repeats", "per_category"}
CHANNEL: Names = MOMENT | {"decision", "session", "experiment", "variant"}


class Query(Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """What is asked for; each field is a parameter, by its own name."""

    limit: Annotated[int, Meta(ge=1, description="most items; see serving.max_limit")] = 10
    exclude: Annotated[
        tuple[str, ...],
        told("items that must not be in the answer; repeat it, or separate ids by commas"),
    ] = ()
    cart: Annotated[
        tuple[str, ...],
        told(
            "items in the cart right now: they count as events, and are not in the answer; as "
            "`exclude`"
        ),
    ] = ()
    repeats: Annotated[
        Repeats, told("items that the user had before: allow them, exclude them, or only them")
    ] = Repeats.ALLOW
    per_category: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        told("at most so many items of one category; the answer may be shorter for it"),
    ] = None
    placement: Annotated[str, told("where the answer will be shown")] = ""
    device: Annotated[
        str, told("what it will be shown on, as events name it", examples=["mobile"])
    ] = ""
    trait: Annotated[str, told("value of the trait that makes segments; also by its own name")] = ""
    timezone: Annotated[str, told("the user's zone, an IANA name", examples=["Europe/Paris"])] = ""
    force_rung: Annotated[
        RungName | None,
        told(
            "for experiments: ask this rung only, with rung 0 below it; the answer says so",
            extra_json_schema={"enum": [str(name) for name in RungName]},
        ),
    ] = None
    explain: Annotated[bool, told("whether to give reasons and trails")] = True
    decision: Annotated[
        str,
        told(
            "id of a decision on the channel: then channels.epsilon explores, and what was decided "
            "is logged before it is answered; the same id for the same user is the same decision, "
            "but `none` once consent to its channel is withdrawn"
        ),
    ] = ""
    session: Annotated[str, told("logged with a decision")] = ""
    experiment: Annotated[str, told("logged with a decision")] = ""
    variant: Annotated[str, told("logged with a decision")] = ""

    @cached_property
    def context(self) -> Context:
        """The moment, as rungs see it."""
        return Context(
            placement=self.placement,
            trait=self.trait,
            timezone=self.timezone,
            cart=self.cart,
            device=self.device,
        )


_TEXTS = frozenset(
    name
    for name, one in schema.members(Query).items()
    if one.get("type") == "string" and "enum" not in one
)


class QueryReader:
    """Reads what is asked for, by the limits of a configuration.

    Parameters
    ----------
    config : Config
        Limits, and the name of the trait that may be said (``country``).

    Attributes
    ----------
    parameters : mapping of str to JSON Schema
        Every parameter there is.
    """

    def __init__(self, config: Config) -> None:
        serving = config.serving
        self._trait = config.segments.trait
        self._limit = min(serving.default_limit, serving.max_limit)
        self._most = serving.max_limit
        self.parameters = schema.members(Query)
        self.parameters["limit"]["default"] = self._limit
        for name in _COUNTS:
            self.parameters[name]["maximum"] = self._most
        self._cached: Callable[[bytes, Names], Query] = lru_cache(256)(self._parsed)

    def query(self, query_string: bytes, known: Names = NO_NAMES) -> Query:
        """Read a query string of `known` parameters.

        Raises
        ------
        BadQuery
            A parameter outside what is allowed.
        UnknownParameter
            One that is not known here.
        """
        short = len(query_string) <= _CACHED_BYTES
        return self._cached(query_string, known) if short else self._parsed(query_string, known)

    def body(self, fields: Mapping[str, Any], known: Names) -> Query:
        """Read the `known` fields of a JSON body; null says nothing.

        Raises
        ------
        BadQuery
            A field of the wrong type or outside what is allowed.
        UnknownParameter
            One that is not known here.
        """
        self._refuse_unknown(fields, known)
        return self.said(
            {
                name: json.dumps(value) if isinstance(value, (bool, int, float)) else value
                for name, value in fields.items()
                if value is not None
            }
        )

    def said(self, said: Mapping[str, Any]) -> Query:
        """Read parameters given by name, as texts and lists of texts.

        Raises
        ------
        BadQuery
            A parameter outside what is allowed.
        """
        fields = {"limit": self._limit, **said}
        if self._trait in fields:
            fields["trait"] = fields.pop(self._trait)
        if fields.get("force_rung") == "":
            del fields["force_rung"]
        try:
            query = msgspec.convert(fields, Query, strict=False)
        except msgspec.ValidationError as error:
            raise schema.refused(fields, self.parameters, error) from error
        for name in _COUNTS:
            if (getattr(query, name) or 0) > self._most:
                raise BadQuery(name, said[name], schema.allowed(self.parameters[name]))
        # An id left empty by mistake would be advice that nobody learns from.
        for name in fields.keys() & _TEXTS:
            if fields[name] or name == "decision":
                identifier(name, fields[name])
        times.zone(query.timezone or "UTC")
        return query

    def _parsed(self, query_string: bytes, known: Names) -> Query:
        pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
        self._refuse_unknown((name for name, _ in pairs), known)
        return self.said({**dict(pairs), **{n: _listed(pairs, n) for n in _LISTS if n in known}})

    def _refuse_unknown(self, said: Iterable[str], known: Names) -> None:
        for name in said:
            if name not in known and name not in self._allowed(known):
                raise UnknownParameter(name, allowed=self._allowed(known))

    def _allowed(self, known: Names) -> Names:
        return known | {self._trait} if "trait" in known else known


def refuse_parameters(request: Request) -> None:
    """Refuse a query string where nothing can be asked.

    Raises
    ------
    UnknownParameter
        There is one.
    """
    for name in request.query_params:
        raise UnknownParameter(name, allowed=())


def identifier(parameter: str, text: str) -> str:
    """Return an id from a path or a body.

    Raises
    ------
    BadQuery
        Empty, longer than ``MAX_ID_LENGTH``, or not text.
    """
    found = text.replace(ENCODED_SLASH, "/")
    if not found or len(found) > MAX_ID_LENGTH or "\0" in found or not _encodable(found):
        allowed = f"1 to {MAX_ID_LENGTH} characters of UTF-8, percent-encoded, without NUL"
        raise BadQuery(parameter, found[:80], allowed)
    return found


def _listed(pairs: list[tuple[str, str]], wanted: str) -> tuple[str, ...]:
    parts = (part for name, value in pairs if name == wanted for part in value.split(","))
    return tuple(filter(None, parts))


def _encodable(text: str) -> bool:
    # U+FFFD stands where the server could not decode a byte.
    return "\ufffd" not in text and (
        text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
    )
