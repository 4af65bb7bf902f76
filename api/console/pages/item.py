"""One item: who gets it, beside what."""

from __future__ import annotations

import numpy as np

from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from api.messages.lists import similar_items
from api.messages.users import SimilarItem
from api.requests.query import identifier
from recsys.model_version import Answering
from recsys.segments.groups import MIN_USERS
from recsys.storage.access.accounts import Role

NEIGHBOURS = 12
FOUND = 30


def show(visit: Visit) -> View:
    """Return an item's neighbours, reach and rules; without an id, those whose name fits."""
    wanted = visit.get("id")
    if not wanted:
        return View({"item_id": ""}, (_found(visit),))
    item_id = identifier("id", wanted)
    answering = visit.serving.answering
    row = answering.item_row(item_id)
    catalogue = answering.bundle.catalogue
    return View(
        facts={
            "item_id": item_id,
            "title": catalogue.title[row] or item_id,
            "category": catalogue.category[row],
            "price": float(catalogue.price[row]),
            "available": visit.service.placing.current.can_be_had(item_id, visit.serving),
            "reach": _reach(answering, row),
        },
        tables=(_neighbours(visit, row), _rules(visit, item_id)),
    )


PAGE = Page("item", N_("Item"), N_("Who gets it, beside what?"), Role.VIEWER, show)


def _reach(answering: Answering, row: int) -> dict[str, int | None]:
    """Return how many took it, ever and in the last 30 days of the training data."""
    events = answering.bundle.interactions
    mine = np.flatnonzero(events.item_row == row)
    users = np.searchsorted(events.indptr, mine, side="right") - 1
    late = events.at[mine] >= answering.manifest.data_until - 30 * 86_400_000_000
    people, lately = len(np.unique(users)), len(np.unique(users[late]))
    return {
        "people": _told(people),
        "lately": _told(lately),
        "events": len(mine) if people >= MIN_USERS else None,
        "all": len(events.users),
    }


def _told(people: int) -> int | None:
    return people if people == 0 or people >= MIN_USERS else None


def _neighbours(visit: Visit, row: int) -> Table:
    answering = visit.serving.answering
    found = answering.bundle.items.similar(row, NEIGHBOURS, allowed=answering.allowed(()))
    items: list[SimilarItem] = similar_items(found, visit.serving)
    return Table(
        "neighbours",
        N_("People who take it also take"),
        (
            Column("rank", "#", CellKind.COUNT),
            Column("title", N_("Item"), href="/console/item?id={item_id}"),
            Column("price", N_("Price"), CellKind.MONEY),
            Column("score", N_("Score"), CellKind.NUMBER),
            Column("item_id", N_("Id"), CellKind.CODE),
        ),
        [
            {
                "rank": item.rank, "title": item.title or item.item_id, "price": item.price,
                "score": item.score, "item_id": item.item_id,
            }
            for item in items
        ],
        empty=N_("Too few people took it to say what goes with it."),
    )  # fmt: skip


def _rules(visit: Visit, item_id: str) -> Table:
    """Return the placements whose rules name the item."""
    known, at = visit.service.placing.current.placements, visit.at
    rows = []
    for name in known.names:
        saved = known.in_force(name, at=at)
        if saved is not None and f'"{item_id}"' in repr(saved.placement.said()).replace("'", '"'):
            rows.append({"placement": name, "version": saved.version})
    return Table(
        "rules",
        N_("Placements that name it"),
        (
            Column("placement", N_("Placement"), href="/console/placements?placement={placement}"),
            Column("version", N_("Version"), CellKind.COUNT),
        ),
        rows,
        empty=N_("No placement pins, boosts or hides this very item."),
    )


def _found(visit: Visit) -> Table:
    """Return items by a part of their name or id; the most popular where nothing is said."""
    asked = visit.get("q").casefold()
    bundle = visit.serving.answering.bundle
    items, titles = bundle.interactions.items, bundle.catalogue.title
    counts = np.bincount(
        bundle.interactions.item_row[bundle.interactions.item_row >= 0], minlength=len(items)
    )
    rows = [
        row
        for row in np.argsort(-counts, kind="stable").tolist()
        if not asked or asked in titles[row].casefold() or asked == items[row].casefold()
    ][:FOUND]
    return Table(
        "found",
        N_("Items"),
        (
            Column("title", N_("Item"), href="/console/item?id={item_id}"),
            Column("category", N_("Category")),
            Column("price", N_("Price"), CellKind.MONEY),
            Column("events", N_("Events"), CellKind.COUNT),
            Column("item_id", N_("Id"), CellKind.CODE),
        ),
        [
            {
                "title": titles[row] or items[row],
                "category": bundle.catalogue.category[row],
                "price": float(bundle.catalogue.price[row]),
                "events": int(counts[row]),
                "item_id": items[row],
            }
            for row in rows
        ],
        empty=N_("No item has this in its name."),
        note=N_("Most events first."),
    )
