"""What a request asks for beyond the user: read from the query string or a JSON body."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request

from recsys.config import Config
from recsys.data import times
from recsys.data.ids import MAX_ID_LENGTH
from recsys.data.person import NO_CONTEXT, Context
from recsys.errors import BadQuery, UnknownParameter
from recsys.items.slate import Repeats
from recsys.ladder import RungName

ENCODED_SLASH = "\udc2f"
EXPERIMENT = ("experiment", "variant")
_CACHED_BYTES = 200

Names = frozenset[str]
"""Names of parameters; ``trait`` stands for the configured trait (``country``) too."""

NO_NAMES: Names = frozenset()


@dataclass(frozen=True, slots=True)
class Asked:
    """A valid request.

    Attributes
    ----------
    limit : int
        Most items in the answer.
    excluded : tuple of str
        Items that must not be in it.
    context : Context
        The moment.
    force : RungName or None
        The one rung to ask, for experiments.
    explain : bool
        Whether reasons and trails are wanted.
    repeats : Repeats
        What becomes of items that the user had before.
    per_category : int or None
        Most items of one category; None for no bound.
    decision : str
        Id of the decision that the channel question is asked for; empty: advice only.
    session, experiment, variant : str
        Written to the log with a decision.
    """

    limit: int
    excluded: tuple[str, ...] = ()
    context: Context = NO_CONTEXT
    force: RungName | None = None
    explain: bool = True
    repeats: Repeats = Repeats.ALLOW
    per_category: int | None = None
    decision: str = ""
    session: str = ""
    experiment: str = ""
    variant: str = ""


class Reader:
    """Reads requests by the limits of a configuration.

    Parameters
    ----------
    config : Config
        Limits, and the name of the trait that may be said (``country``).
    """

    def __init__(self, config: Config) -> None:
        self._serving = config.serving
        self._trait = config.segments.trait
        self._cached: Callable[[bytes, Names], Asked] = lru_cache(256)(self._parsed)

    def query(self, query_string: bytes, known: Names = NO_NAMES) -> Asked:
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

    def body(self, fields: Mapping[str, Any], known: Names) -> Asked:
        """Read the `known` fields of a JSON body.

        Raises
        ------
        BadQuery
            A field of the wrong type or outside what is allowed.
        UnknownParameter
            One that is not known here.
        """
        self._refuse_unknown(fields, known)
        said = {}
        for name, value in fields.items():
            if name not in {"exclude", "cart"} and value is not None:
                if not isinstance(value, (str, int, float)):
                    raise BadQuery(name, value, "a text, a number, true or false")
                said[name] = value if isinstance(value, str) else json.dumps(value)
        return self.said(said, excluded=_ids(fields, "exclude"), cart=_ids(fields, "cart"))

    def said(
        self,
        said: Mapping[str, str],
        *,
        excluded: tuple[str, ...] = (),
        cart: tuple[str, ...] = (),
    ) -> Asked:
        """Read parameters given by name.

        Raises
        ------
        BadQuery
            A parameter outside what is allowed.
        """
        serving = self._serving
        return Asked(
            limit=limit(said.get("limit"), serving.default_limit, most=serving.max_limit),
            excluded=excluded,
            context=Context(
                placement=said.get("placement", ""),
                trait=said.get(self._trait, said.get("trait", "")),
                timezone=_timezone(said.get("timezone", "")),
                cart=cart,
                device=_named("device", said),
            ),
            force=rung(said.get("force_rung", "")),
            explain=truth("explain", said.get("explain", "true")),
            repeats=repeats(said.get("repeats", Repeats.ALLOW)),
            per_category=(
                _count("per_category", said["per_category"], serving.max_limit)
                if "per_category" in said
                else None
            ),
            # An id left empty by mistake would be advice that nobody learns from.
            decision=identifier("decision", said["decision"]) if "decision" in said else "",
            **{name: _named(name, said) for name in ("session", *EXPERIMENT)},
        )

    def _parsed(self, query_string: bytes, known: Names) -> Asked:
        pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
        self._refuse_unknown((name for name, _ in pairs), known)
        return self.said(
            dict(pairs), excluded=_listed(pairs, "exclude"), cart=_listed(pairs, "cart")
        )

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


def _ids(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = fields.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item_id, str) for item_id in found):
        raise BadQuery(name, found, "a list of item ids")
    return tuple(found)


def _listed(pairs: list[tuple[str, str]], wanted: str) -> tuple[str, ...]:
    parts = (part for name, value in pairs if name == wanted for part in value.split(","))
    return tuple(filter(None, parts))


def limit(text: str | None, default: int, *, most: int) -> int:
    """Return how many items are asked for.

    Raises
    ------
    BadQuery
        Not a whole number from 1 to `most`.
    """
    if text is None:
        return min(default, most)
    return _count("limit", text, most)


def _count(parameter: str, text: str, most: int) -> int:
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= wanted <= most:
        raise BadQuery(parameter, text, f"a whole number from 1 to {most:,}")
    return wanted


def rung(text: str) -> RungName | None:
    """Return the rung of that name; None for none.

    Raises
    ------
    BadQuery
        There is no such rung.
    """
    if not text:
        return None
    try:
        return RungName(text)
    except ValueError as error:
        raise BadQuery("force_rung", text, ", ".join(RungName)) from error


def repeats(text: str) -> Repeats:
    """Return what becomes of items that the user had before.

    Raises
    ------
    BadQuery
        There is no such choice.
    """
    try:
        return Repeats(text)
    except ValueError as error:
        raise BadQuery("repeats", text, ", ".join(Repeats)) from error


def truth(parameter: str, text: str) -> bool:
    """Return whether `text` says yes.

    Raises
    ------
    BadQuery
        It says neither yes nor no.
    """
    if text.lower() not in {"true", "false", "1", "0"}:
        raise BadQuery(parameter, text, "true or false")
    return text.lower() in {"true", "1"}


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


def _named(name: str, said: Mapping[str, str]) -> str:
    return identifier(name, found) if (found := said.get(name, "")) else ""


def _timezone(text: str) -> str:
    return times.zone(text).key if text else ""


def _encodable(text: str) -> bool:
    # U+FFFD stands where the server could not decode a byte.
    return "\ufffd" not in text and (
        text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
    )
