"""What can be asked for, as requests, and what is read of the answers; nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from api.client.errors import ServiceRefused, ServiceUnreachable
from api.messages.placements import PlacementItems
from api.messages.users import ItemsAnswer, Listed, SimilarAnswer

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
TIMEOUT, ERROR, EMPTY = "timeout", "error", "empty"


class Wanted(TypedDict, total=False):
    """What may be said of a list that is wanted, by the names of the API."""

    user_hash: str
    limit: int
    item: Sequence[str]
    cart: Sequence[str]
    exclude: Sequence[str]
    segment: str
    repeats: str
    per_category: int
    device: str
    timezone: str
    explain: bool


@dataclass(frozen=True, slots=True)
class Ask(Generic[T_co]):
    """One request.

    Attributes
    ----------
    kind : type
        Of its answer.
    path : str
        With the query, as it goes out.
    body : bytes or None
        JSON to be posted; None: the request is a GET.
    """

    kind: type[T_co]
    path: str
    body: bytes | None = None

    @property
    def method(self) -> str:
        """Of the request."""
        return "GET" if self.body is None else "POST"

    def read(self, status: int, body: bytes) -> T_co:
        """Return what was answered.

        Raises
        ------
        ServiceRefused
            It is a problem.
        ServiceUnreachable
            It is none of this service.
        """
        if status != 200:
            raise _refused(status, body)
        try:
            return msgspec.json.decode(body, type=self.kind)
        except msgspec.MsgspecError as error:
            raise ServiceUnreachable(f"its answer could not be read: {error}") from error


@dataclass(frozen=True, slots=True)
class Shelf:
    """A list to be shown, whatever became of the request.

    Attributes
    ----------
    item_ids : tuple of str
        In their order: those of the answer, or the caller's own.
    answer : PlacementItems, ItemsAnswer, SimilarAnswer or None
        What was answered; None where the list is the caller's own.
    fallback : str
        Why it is: ``timeout``, ``error`` or ``empty``; empty where it is not.
    """

    item_ids: tuple[str, ...]
    answer: Listed | SimilarAnswer | None = None
    fallback: str = ""

    @classmethod
    def of(cls, answer: Listed | SimilarAnswer, instead: Sequence[str] | None) -> Shelf:
        """Return what was answered, or the caller's own list where that is empty."""
        items: Sequence[Any] = answer.items
        if instead is not None and not items:
            return cls(tuple(instead), None, EMPTY)
        return cls(tuple(item.item_id for item in items), answer)


def placement(placement_id: str, **wanted: Any) -> Ask[PlacementItems]:
    """Ask for what a placement shows."""
    return Ask(PlacementItems, _path("/v1/placements/{}/items", placement_id, wanted))


def recommendations(user_id: str, **wanted: Any) -> Ask[ItemsAnswer]:
    """Ask for the ranked items of a user."""
    return Ask(ItemsAnswer, _path("/v1/users/{}/recommendations", user_id, wanted))


def similar(item_id: str, **wanted: Any) -> Ask[SimilarAnswer]:
    """Ask for what goes with an item."""
    return Ask(SimilarAnswer, _path("/v1/items/{}/similar", item_id, wanted))


def about(kind: type[T], user_id: str, what: str, **wanted: Any) -> Ask[T]:
    """Ask for another answer about a user: of ``/channel``, of ``/churn``, or of all with none."""
    return Ask(kind, _path(f"/v1/users/{{}}{what}", user_id, wanted))


def _path(template: str, name: str, wanted: Mapping[str, Any]) -> str:
    said = [(key, _text(value)) for key, value in wanted.items() if value not in (None, "", ())]
    query = urlencode(said, quote_via=quote, safe="")
    return template.format(quote(name, safe="")) + (f"?{query}" if query else "")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value)
    return ",".join(value)


class _Problem(msgspec.Struct):
    status: int
    code: str
    detail: str


def _refused(status: int, body: bytes) -> ServiceRefused:
    try:
        found = msgspec.json.decode(body, type=_Problem)
    except msgspec.MsgspecError:
        return ServiceRefused(status, "", body[:200].decode("utf-8", "replace"))
    return ServiceRefused(status, found.code, found.detail)
