"""Pages that never repeat: the first one freezes the list, the others read on in it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from api.errors import ExpiredCursor
from api.messages.placements import PlacedItem, PlacementItems
from api.runtime.ids import uuid7
from recsys.placements import cursor as cursors
from recsys.placements.cursor import KEPT, KEPT_MINUTES
from recsys.placements.placement import MOST_ITEMS
from recsys.storage.decisions.lists import ListLog, ShownList

if TYPE_CHECKING:
    from api.answers.placed import PlacementDesk
    from api.model.placements import CurrentPlacements
    from api.model.served import Serving
    from api.requests.query import Query

_RENEW_AFTER = KEPT // 30
"""Cursors that were renewed as lately are not written again."""

_BOUGHT = """
SELECT DISTINCT item_id FROM events WHERE kind = ?2 AND at > ?3 AND item_id IS NOT NULL
AND user_id = coalesce((SELECT user_id FROM aliases WHERE previous_id = ?1), ?1)
"""


class Pages:
    """Freezes lists and turns their pages.

    Parameters
    ----------
    desk : PlacementDesk
        Makes the lists.
    current : CurrentPlacements
        Knows what can be had now.
    lists : ListLog
        Where they are kept.
    bought : str
        The kind of event that takes an item off the pages to come.
    """

    def __init__(
        self, desk: PlacementDesk, current: CurrentPlacements, lists: ListLog, *, bought: str
    ) -> None:
        self._desk = desk
        self._current = current
        self._lists = lists
        self._bought = bought

    def first(
        self, serving: Serving, placement_id: str, query: Query, *, at: int
    ) -> PlacementItems:
        """Freeze a list of ``MOST_ITEMS`` and return its first page.

        Raises
        ------
        UnknownPlacement, UnknownSegment
            There is none.
        StoreUnavailable
            It could not be kept, so it has no pages.
        """
        answer = self._desk.shown(serving, placement_id, query, at=at, limit=MOST_ITEMS)
        # Not the id of what anybody gets: each frozen list has cursors of its own.
        answer.recommendation_id = uuid7(at)
        frozen = kept(answer, at=at, secret=secrets.token_hex(16), until=at + KEPT)
        self._lists.put([frozen])
        saved = self._current.placements.in_force(placement_id, at=at)
        limit = query.said_limit or (saved.placement.limit if saved else MOST_ITEMS)
        return _page(frozen, 0, limit, answer.items[:limit])

    def next(self, serving: Serving, placement_id: str, query: Query, *, at: int) -> PlacementItems:
        """Return the page that a cursor begins.

        What was bought since or cannot be had any more is left out; nothing moves up for it.

        Raises
        ------
        BadQuery
            This service gave out no such cursor for this placement.
        ExpiredCursor
            The list is not kept any more.
        StoreUnavailable
            It cannot be read.
        """
        cursor = cursors.read(query.cursor)
        frozen = self._lists.get(cursor.list_id)
        if frozen is None:
            raise ExpiredCursor(KEPT_MINUTES)
        if (
            not (frozen.secret and cursor.signed_by(frozen.secret))
            or frozen.placement_id != placement_id
        ):
            raise cursors.refused(query.cursor)
        if frozen.until < at:
            raise ExpiredCursor(KEPT_MINUTES)
        if frozen.until < at + KEPT - _RENEW_AFTER:
            self._lists.renew(frozen.list_id, until=at + KEPT)
        limit = query.said_limit or cursor.limit
        gone = self._bought_since(frozen)
        items = [
            item
            for item in map(_item, frozen.items[cursor.offset : cursor.offset + limit])
            if item.item_id not in gone and self._current.can_be_had(item.item_id, serving)
        ]
        return _page(frozen, cursor.offset, limit, items)

    def _bought_since(self, frozen: ShownList) -> set[str]:
        if not frozen.user_id:
            return set()
        rows = self._lists.database.read(_BOUGHT, (frozen.user_id, self._bought, frozen.at))
        return {item for (item,) in rows}


def kept(answer: PlacementItems, *, at: int, **more: Any) -> ShownList:
    """Return a list as it is kept: what an impression, a click, a page or a mailing refers to."""
    said = msgspec.to_builtins(answer)
    items, _ = said.pop("items"), said.pop("next_cursor")
    return ShownList(
        list_id=answer.recommendation_id,
        user_id=answer.user_id or "",
        placement_id=answer.placement,
        version=answer.version or 0,
        model_version=answer.model_version,
        rung=answer.rung or "",
        at=at,
        items=tuple(items),
        head=said,
        **more,
    )


def whole(shown: ShownList) -> PlacementItems:
    """Return the answer that was kept."""
    answer = msgspec.convert({**shown.head, "items": []}, PlacementItems)
    answer.items = list(map(_item, shown.items))
    return answer


def _page(frozen: ShownList, offset: int, limit: int, items: list[PlacedItem]) -> PlacementItems:
    answer = msgspec.convert({**frozen.head, "items": []}, PlacementItems)
    answer.items = items
    if (end := offset + limit) < len(frozen.items):
        answer.next_cursor = str(cursors.sign(frozen.secret, frozen.list_id, end, limit))
    return answer


def _item(said: Any) -> PlacedItem:
    return msgspec.convert(said, PlacedItem)
