"""What a page says of the lists that it showed: items that were seen, and clicked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recsys.data import fields
from recsys.data.fields import Said
from recsys.errors import BadEvent
from recsys.storage.decisions.exposures import Exposure, Seen
from recsys.storage.events.event import Event

_CALLED = {
    "impression": Seen.IMPRESSION,
    "product impression": Seen.IMPRESSION,
    "click": Seen.CLICK,
    "product clicked": Seen.CLICK,
    "select item": Seen.CLICK,
}
_MOST_RANK = 1_000_000


@dataclass(frozen=True, slots=True)
class Exposed:
    """What one payload says of a list, and the events that it stands for besides.

    Who clicks looks at the item: that is an event as well.
    """

    exposures: list[Exposure]
    events: list[Event]


def seen_in(name: str, list_id: str, *, machine: bool) -> Seen | None:
    """Return what an event `name` says of a list; None where it is about none.

    What a machine clicks is no click.

    Raises
    ------
    BadEvent
        An impression that does not say of which list, or of a machine: nothing else is left of it.
    """
    seen = _CALLED.get(" ".join(name.replace("_", " ").lower().split()))
    if seen is Seen.IMPRESSION and machine:
        raise BadEvent("unused_event", "an impression of a machine is not counted")
    if seen is Seen.IMPRESSION and not list_id:
        reason = "an impression needs the recommendation_id of the list that was shown"
        raise BadEvent("missing_recommendation_id", reason)
    return seen if list_id and not machine else None


def exposures(said: Said, seen: Seen, list_id: str, user_id: str, *, at: int) -> list[Exposure]:
    """Return the items of a list that were seen or clicked.

    Raises
    ------
    BadEvent
        It names no item, or products that are none.
    """
    found = [Exposure(list_id, user_id, seen, item, rank, at) for item, rank in _items(said)]
    if not found:
        raise BadEvent("missing_item", f"a {seen} needs an item_id, or products")
    return found


def _items(said: Said) -> Iterator[tuple[str, int]]:
    try:
        products = fields.products(said.get("products"))
    except ValueError as error:
        raise BadEvent("bad_product", str(error)) from error
    for one in products:
        yield str(one.get("item") or ""), 0
    if not products and said.get("item"):
        rank = said.get("rank")
        yield str(said["item"]), rank if isinstance(rank, int) and 0 < rank <= _MOST_RANK else 0
