"""What came of the lists of a placement: seen, clicked, bought.

A purchase is credited to the last click of the same user before it, on a list of any placement,
within the window: a line of an order has one credit at most, and what is returned takes it back. A
credit says what came after a click, not what came of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from recsys.data.kinds import RETURN, VOID
from recsys.data.times import DAY
from recsys.storage.database.interface import Database

WEB_WINDOW, MAIL_WINDOW = DAY, 7 * DAY
"""How long after a click a purchase is credited to it: on a page, in a mailing."""

_LISTS = """
SELECT rung, version, count(*) FROM lists
WHERE placement_id = ? AND at >= ? AND at < ? GROUP BY rung, version
"""
_SEEN = """
SELECT lists.rung, lists.version, exposures.kind, count(*),
    count(DISTINCT exposures.list_id)
FROM exposures JOIN lists ON lists.list_id = exposures.list_id
WHERE lists.placement_id = ? AND lists.at >= ? AND lists.at < ?
GROUP BY lists.rung, lists.version, exposures.kind
"""
# Who became somebody else clicked before: the purchases are that one's.
_USER = """
coalesce((SELECT aliases.user_id FROM aliases WHERE previous_id = exposures.user_id),
    exposures.user_id)
"""
_CLICKS = f"""
SELECT {_USER}, exposures.item_id, exposures.at, exposures.list_id, lists.placement_id,
    lists.rung, lists.version, lists.send_key IS NOT NULL, lists.at
FROM exposures JOIN lists ON lists.list_id = exposures.list_id
WHERE exposures.kind = 'click' AND exposures.user_id <> '' AND exposures.at >= ?
ORDER BY exposures.at, exposures.seq
"""  # noqa: S608 - our own words
_DONE = f"""
SELECT user_id, item_id, kind, at, coalesce(value, 0.0), quantity FROM events
WHERE kind IN (?, ?, ?) AND at >= ? AND item_id IS NOT NULL AND NOT machine AND user_id IN
    (SELECT {_USER} FROM exposures WHERE exposures.kind = 'click')
ORDER BY at, seq
"""  # noqa: S608

Group = tuple[str, int]
"""A rung and a version of the placement."""


class Click(NamedTuple):
    """A click of a known user on an item of a list."""

    user_id: str
    item_id: str
    at: int
    list_id: str
    placement_id: str
    rung: str
    version: int
    mailed: bool
    listed_at: int


@dataclass
class Credits:
    """What was bought after clicks: order lines, and their money less what was returned."""

    purchases: int = 0
    value: float = 0.0


@dataclass
class ListResults:
    """Of the lists of one rung of one version of a placement.

    Attributes
    ----------
    lists, impressions, clicks : int
        Lists that were answered; items seen, and items clicked.
    seen_lists, clicked_lists : int
        Lists of which any item was seen, and clicked.
    same_item, any_item : Credits
        Purchases of the clicked item itself, and of anything, after a click.
    """

    lists: int = 0
    impressions: int = 0
    clicks: int = 0
    seen_lists: int = 0
    clicked_lists: int = 0
    same_item: Credits = field(default_factory=Credits)
    any_item: Credits = field(default_factory=Credits)


def results(
    database: Database, placement_id: str, *, bought: str, since: int, until: int
) -> Mapping[Group, ListResults]:
    """Return what came of the lists of a placement that were answered within [since, until).

    Parameters
    ----------
    database : Database
        The store.
    placement_id : str
        Which placement.
    bought : str
        The kind of event that is a purchase.
    since, until : int
        Microseconds since the epoch.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    found: dict[Group, ListResults] = defaultdict(ListResults)
    span = (placement_id, since, until)
    for rung, version, count in database.read(_LISTS, span):
        found[rung, version].lists = count
    for rung, version, kind, count, lists in database.read(_SEEN, span):
        figures = found[rung, version]
        if kind == "click":
            figures.clicks, figures.clicked_lists = count, lists
        else:
            figures.impressions, figures.seen_lists = count, lists
    clicks = [Click(*row) for row in database.read(_CLICKS, (since - MAIL_WINDOW,))]
    done = database.read(_DONE, (bought, RETURN, VOID, since))
    for click, same, (value, lines) in _credited(clicks, done, bought):
        if click.placement_id == placement_id and since <= click.listed_at < until:
            figures = found[click.rung, click.version]
            for one in (figures.any_item, *([figures.same_item] if same else [])):
                one.purchases += lines
                one.value += value
    return found


_Done = tuple[str, str, str, int, float, float]


@dataclass
class _Credit:
    """A purchase that a click was credited with, and what was not returned of it."""

    click: Click
    same: bool
    value: float
    quantity: float

    def taken_back(self, quantity: float) -> tuple[float, int]:
        """Return the money and the order lines that a return of so many units takes away."""
        share = min(1.0, quantity / self.quantity)
        money = self.value * share
        self.value -= money
        self.quantity -= self.quantity * share
        return -money, -(share == 1.0)


def _credited(
    clicks: Iterable[Click], done: Iterable[_Done], bought: str
) -> Iterable[tuple[Click, bool, tuple[float, int]]]:
    """Yield each credit, and each return that takes one back, with its money and order lines."""
    by_user: dict[str, list[Click]] = defaultdict(list)
    for click in clicks:
        by_user[click.user_id].append(click)
    credited: dict[tuple[str, str], list[_Credit]] = defaultdict(list)
    for user_id, item_id, kind, at, value, quantity in done:
        if kind == bought:
            if (last := _last(by_user[user_id], at)) is not None:
                same = _clicked(by_user[user_id], item_id, at, last)
                credited[user_id, item_id].append(_Credit(last, same, value, quantity))
                yield last, same, (value, 1)
        elif earlier := credited[user_id, item_id]:
            # What comes back is of the latest order.
            credit = earlier[-1]
            taken = credit.taken_back(quantity)
            if not credit.quantity:
                earlier.pop()
            yield credit.click, credit.same, taken


def _last(clicks: Iterable[Click], at: int) -> Click | None:
    there = [c for c in clicks if c.at <= at <= c.at + _window(c)]
    return there[-1] if there else None


def _clicked(clicks: Iterable[Click], item_id: str, at: int, last: Click) -> bool:
    """Return whether an item was clicked on the list that has the credit, in time."""
    return any(
        c.item_id == item_id and c.list_id == last.list_id and c.at <= at <= c.at + _window(c)
        for c in clicks
    )


def _window(click: Click) -> int:
    return MAIL_WINDOW if click.mailed else WEB_WINDOW
