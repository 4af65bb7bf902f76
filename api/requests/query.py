"""What a request asks for beyond the user: one value, read from a query string or a JSON body."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Any
from urllib.parse import parse_qsl

from msgspec import Meta, Struct, structs

from api.errors import UnknownParameter
from api.messages import schema
from api.messages.message import told
from api.runtime.json import Json
from recsys.config import Config
from recsys.data import ids, times
from recsys.data.ids import MAX_ID_LENGTH
from recsys.data.person import Context
from recsys.errors import BadQuery
from recsys.items.slate import Repeats
from recsys.ladder import RungName

ENCODED_SLASH = "\udc2f"
_CACHED_BYTES = 200
_COUNTS = ("limit", "per_category")
_MAY_BE_NONE = ("force_rung", "per_category")
_LISTS = ("exclude", "cart", "item", "step")
_MOST_STEPS = 10
_IDS = ("device", "decision", "session", "experiment", "variant", "user_id", "segment")

Names = frozenset[str]
"""Names of parameters; ``trait`` stands for the configured trait (``country``) too."""

NO_NAMES: Names = frozenset()
SIMILAR: Names = frozenset({"limit", "exclude"})
MOMENT: Names = frozenset(
    {"placement", "device", "trait", "timezone", "force_rung", "explain", "lang"}
)
ITEMS: Names = MOMENT | {"limit", "exclude", "cart", "repeats", "per_category"}
CHANNEL: Names = MOMENT | {"decision", "session", "experiment", "variant"}
PLACEMENT: Names = (MOMENT - {"placement"}) | {
    "limit", "exclude", "cart", "item", "user_id", "segment", "paged", "cursor",
}  # fmt: skip
FEED: Names = frozenset({"limit", "segment", "trait"})
DAYS: Names = frozenset({"days"})
GROWTH: Names = frozenset({"segment", "period", "as_of"})
FUNNEL: Names = frozenset({"segment", "as_of", "step", "days", "within_days"})

Whole = Annotated[int, Meta(ge=1)]


class Query(
    Struct, frozen=True, forbid_unknown_fields=True, dict=True, kw_only=True, cache_hash=True
):
    """What is asked for; each field is a parameter, by its own name."""

    limit: Annotated[Whole, told("most items; see serving.max_limit")]
    exclude: Annotated[
        tuple[str, ...],
        told("items that must not be in the answer; repeat it, or separate ids by commas"),
    ] = ()
    cart: Annotated[
        tuple[str, ...],
        told("items in the cart now: they count as events, and are not in the answer; as exclude"),
    ] = ()
    repeats: Annotated[
        Repeats, told("items that the user had before: allow them, exclude them, or only them")
    ] = Repeats.ALLOW
    per_category: Annotated[
        Whole | None, told("most items of one category; the answer may be shorter for it")
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
    lang: Annotated[
        str,
        told(
            "language of reasons, as `de` or `de-AT`; English where it is not known; not said: "
            "that of the user's trait `locale` or `language`, else of Accept-Language"
        ),
    ] = ""
    accepts: Annotated[str, told("language of the request's Accept-Language")] = ""
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
    said_limit: Annotated[Whole | None, told("the limit, where the request names one")] = None
    item: Annotated[
        tuple[str, ...],
        told("items at hand, which `similar` and `together` start from; not shown; as exclude"),
    ] = ()
    user_id: Annotated[str, told("for whom; without it the answer is anybody's")] = ""
    segment: Annotated[
        str, told("for anybody in a segment, where no user_id is said", examples=["rfm:champions"])
    ] = ""
    paged: Annotated[bool, told("freeze the list, so that it has pages: see next_cursor")] = False
    days: Annotated[int, Meta(ge=1, le=366), told("how many, up to now")] = 28
    period: Annotated[
        int, Meta(ge=0, le=366), told("days of an interval; 0: the usage interval")
    ] = 0
    as_of: Annotated[str, told("a day: what was known at its end", examples=["2011-12-09"])] = ""
    step: Annotated[
        tuple[str, ...],
        told("kinds of events in order; as exclude", examples=["view,cart,purchase"]),
    ] = ()
    within_days: Annotated[
        int, Meta(ge=1, le=366), told("from the first step to the last, at most")
    ] = 7
    part: Annotated[int, Meta(ge=0), told("of an export, from 1; 0: the whole")] = 0
    cursor: Annotated[str, told("next_cursor of the page before: then only limit counts")] = ""

    @cached_property
    def context(self) -> Context:
        """The moment, as rungs see it."""
        return Context(
            placement=self.placement, trait=self.trait, timezone=self.timezone, cart=self.cart,
            device=self.device,
        )  # fmt: skip


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
        most = config.serving.max_limit
        self._most_batch_items = config.serving.max_batch_items
        self._trait = config.segments.trait
        self._limit = min(config.serving.default_limit, most)
        self.parameters: dict[str, Json] = schema.members(Query)
        for name in _COUNTS:
            self.parameters[name]["maximum"] = most
        self.parameters["limit"]["default"] = self._limit
        serving = config.serving
        most_listed = (serving.max_exclude, serving.max_cart, serving.max_cart, _MOST_STEPS)
        for name, longest in zip(_LISTS, most_listed, strict=True):
            self.parameters[name]["maxItems"] = longest
        self._cached: Callable[[bytes, Names], Query] = lru_cache(256)(self._parsed)
        self._lower_emails = config.data.lower_case_emails

    def user_id(self, parameter: str, text: str) -> str:
        """Return a user's id from a path or a body, spelled as events are read.

        Raises
        ------
        BadQuery
            It is none.
        """
        user_id = identifier(parameter, text)
        # A word for nobody is no user either, and is answered as a stranger is.
        return ids.identifier(user_id, lower_emails=self._lower_emails) or user_id

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
        return self.said({name: value for name, value in fields.items() if value is not None})

    def batch(self, fields: Mapping[str, Any], users: int) -> Query:
        """Read what is asked for many users, in bounds for all of them together.

        Raises
        ------
        BadQuery
            A field outside what is allowed, or the items of all together are too many.
        UnknownParameter
            One that is not known here.
        """
        query = self.body(fields, ITEMS)
        items = len(query.exclude) + len(query.cart)
        if users * items > self._most_batch_items:
            most = self._most_batch_items // items
            raise BadQuery("user_ids", f"{users:,} users", f"at most {most:,} with {items:,} items")
        return query

    def said(self, said: Mapping[str, Any]) -> Query:
        """Read parameters given by name, texts or what texts stand for.

        Raises
        ------
        BadQuery
            A parameter outside what is allowed.
        """
        fields = {"limit": self._limit, **said, "said_limit": said.get("limit")}
        if self._trait in fields:
            fields["trait"] = fields.pop(self._trait)
        if fields.get("force_rung") == "":
            del fields["force_rung"]
        for name in _MAY_BE_NONE:
            if str(fields.get(name, "")).lower() == "null":
                raise BadQuery(name, fields[name], schema.allowed(self.parameters[name]))
        query = schema.read(fields, Query, self.parameters, strict=False)
        self._refuse_many(query, fields)
        self._refuse_no_ids(query, fields)
        if query.timezone:
            times.zone(query.timezone)
        if not query.user_id:
            return query
        return structs.replace(query, user_id=self.user_id("user_id", query.user_id))

    def _refuse_no_ids(self, query: Query, said: Mapping[str, Any]) -> None:
        # An id left empty by mistake would be advice that nobody learns from.
        for name in _IDS:
            if name in said and (said[name] or name == "decision"):
                identifier(name, getattr(query, name))

    def _refuse_many(self, query: Query, said: Mapping[str, Any]) -> None:
        for name in _COUNTS:
            if not _is_count(said.get(name, 1), self.parameters[name]["maximum"]):
                raise BadQuery(name, said[name], schema.allowed(self.parameters[name]))
        for name in _LISTS:
            self._refuse_longer(name, len(getattr(query, name)))

    def _parsed(self, query_string: bytes, known: Names) -> Query:
        pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
        self._refuse_unknown((name for name, _ in pairs), known)
        lists = {name: self._listed(pairs, name) for name in _LISTS if name in known}
        self._refuse_twice(pairs)
        return self.said({**dict(pairs), **lists})

    def _refuse_twice(self, pairs: list[tuple[str, str]]) -> None:
        # Of two users or limits nobody knows which is meant.
        if len(pairs) > len(said := dict(pairs)):
            for name, value in pairs:
                if name not in _LISTS and value != said[name]:
                    raise BadQuery(name, f"{value}, {said[name]}", "one value, said once")

    def _listed(self, pairs: list[tuple[str, str]], wanted: str) -> tuple[str, ...]:
        """Return what a list names; what names nothing counts towards its length all the same."""
        parts = [part for name, value in pairs if name == wanted for part in value.split(",")]
        self._refuse_longer(wanted, len(parts))
        return tuple(filter(None, parts))

    def _refuse_longer(self, name: str, count: int) -> None:
        if count > self.parameters[name]["maxItems"]:
            raise BadQuery(name, f"{count:,} items", schema.allowed(self.parameters[name]))

    def _refuse_unknown(self, said: Iterable[str], known: Names) -> None:
        for name in said:
            if name not in known and name not in self._allowed(known):
                raise UnknownParameter(name, allowed=self._allowed(known))

    def _allowed(self, known: Names) -> Names:
        return known | {self._trait} if "trait" in known else known


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


def _is_count(said: object, most: int) -> bool:
    # A text such as `1_0` or digits of another script stands for a number in Python alone.
    digits = str(said)
    return digits.isascii() and digits.isdigit() and 1 <= int(digits) <= most


def _encodable(text: str) -> bool:
    # U+FFFD stands where the server could not decode a byte.
    return "\ufffd" not in text and (
        text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
    )
