"""Placements: what stands where."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from recsys.data.times import DAY
from recsys.errors import BadQuery
from recsys.ladder import Question
from recsys.placements.placement import Placement, read
from recsys.placements.rules import Rules
from recsys.placements.serve import Moment
from recsys.placements.serve import show as placed
from recsys.placements.versions import PlacementVersion
from recsys.storage.access.accounts import Role
from recsys.storage.decisions import results as came

PEOPLE = 3
SHOWN = 8
RESULT_DAYS = 28


def show(visit: Visit) -> View:
    """Return all placements; of one its rules, what it shows to three people, what came of it."""
    known = visit.service.placing.current.placements
    names = known.names
    name = visit.get("placement")
    if not name:
        return View({"name": ""}, (_all(visit),))
    versions = known.versions(name)
    saved = known.in_force(name, at=visit.at) or versions[0]
    draft = _draft(visit)
    return View(
        facts={
            "name": name,
            "names": names,
            "saved": saved,
            "in_force": known.in_force(name, at=visit.at) is not None,
            "rules": visit.get("draft") or _text(saved.placement),
            "changed": draft is not None,
            "tried": _tried(visit, saved, draft),
        },
        tables=(_results(visit, name), _versions(versions, saved)),
    )


def save(visit: Visit) -> Response:
    """Save a placement as its next version; it is served at once."""
    name, wanted = visit.get("placement"), _read(visit.form.get("draft", ""))
    visit.service.placing.current.placements.versions(name)
    visit.service.placing.current.put(name, wanted, visit.serving, at=visit.at)
    return visit.lead_to("placements", placement=name)


PAGE = Page(
    "placements",
    N_("Placements"),
    N_("What stands where?"),
    Role.MARKETER,
    show,
    acts={"save": (Role.MARKETER, save)},
)


def _text(placement: Placement) -> str:
    return json.dumps(placement.said(), indent=1, ensure_ascii=False)


def _draft(visit: Visit) -> Placement | None:
    return _read(visit.get("draft")) if visit.get("draft") else None


def _read(text: str) -> Placement:
    try:
        return read(json.loads(text))
    except ValueError as error:
        raise BadQuery("draft", text[:80], f"JSON ({error})") from error


def _all(visit: Visit) -> Table:
    known = visit.service.placing.current.placements
    rows = []
    for name in known.names:
        saved = known.in_force(name, at=visit.at) or known.versions(name)[0]
        rows.append(
            {
                "placement": name,
                "source": str(saved.placement.source),
                "limit": saved.placement.limit,
                "version": saved.version,
                "in_force": "yes" if known.in_force(name, at=visit.at) else "no",
                "saved": saved.at or None,
            }
        )
    return Table(
        "placements",
        N_("All placements"),
        (
            Column("placement", N_("Placement"), href="/console/placements?placement={placement}"),
            Column("source", N_("Made of")),
            Column("limit", N_("Items"), CellKind.COUNT),
            Column("in_force", N_("In force"), CellKind.WORD, words="state"),
            Column("version", N_("Version"), CellKind.COUNT),
            Column("saved", N_("Saved"), CellKind.TIME),
        ),
        rows,
        note=N_("New ones are made by recsys placements put, or by the API."),
    )


def _versions(versions: tuple[PlacementVersion, ...], saved: PlacementVersion) -> Table:
    return Table(
        "versions",
        N_("Versions"),
        (
            Column("version", N_("Version"), CellKind.COUNT),
            Column("saved", N_("Saved"), CellKind.TIME),
            Column("in_force", N_("In force"), CellKind.WORD, words="state"),
            Column("rules", N_("Rules")),
        ),
        [
            {
                "version": one.version,
                "saved": one.at or None,
                "in_force": "yes" if one.version == saved.version else "no",
                "rules": json.dumps(one.placement.said(), ensure_ascii=False),
            }
            for one in versions
        ],
    )


def _tried(visit: Visit, saved: PlacementVersion, draft: Placement | None) -> list[dict[str, Any]]:
    """Return what three people would see now, and by the rules that are being tried."""
    current = visit.service.placing.current
    now = current.rules(saved, visit.serving)
    then = current.tried(draft, visit.serving) if draft else None
    users = visit.serving.answering.bundle.interactions.users
    people = [users[row] for row in range(0, len(users), max(1, len(users) // PEOPLE))][:PEOPLE]
    return [
        {
            "user_id": user if visit.may(Role.ANALYST) else "",
            "before": _list(visit, now, user),
            "after": _list(visit, then, user) if then else None,
        }
        for user in people
    ]


def _list(visit: Visit, rules: Rules, user: str) -> list[dict[str, Any]]:
    query, serving = visit.service.reader.query(b""), visit.serving
    person, _ = visit.service.desk.person(serving, user, query, at=visit.at)
    moment = Moment(SHOWN)
    on_failure = visit.service.desk.on_failure(Question.ITEMS)
    found = placed(rules, serving.answering, person, moment, on_failure=on_failure)
    return [
        {"title": serving.facts.name(one.item.item_row), "rules": list(one.rules)}
        for one in found.arranged.items
    ]


def _results(visit: Visit, name: str) -> Table:
    until = visit.at + 1
    found = came.results(
        visit.database, name, bought=visit.service.config.relevant_kind,
        since=until - RESULT_DAYS * DAY, until=until,
    )  # fmt: skip
    return Table(
        "results",
        N_("What came of its lists"),
        (
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("version", N_("Version"), CellKind.COUNT),
            Column("lists", N_("Lists"), CellKind.COUNT),
            Column("seen", N_("Items seen"), CellKind.COUNT),
            Column("clicks", N_("Clicks"), CellKind.COUNT),
            Column("rate", N_("Clicks per item seen"), CellKind.SHARE),
            Column("bought", N_("Bought after a click"), CellKind.COUNT),
            Column("value", N_("Money"), CellKind.MONEY),
        ),
        [
            {
                "rung": rung,
                "version": version,
                "lists": one.lists,
                "seen": one.impressions,
                "clicks": one.clicks,
                "rate": one.clicks / one.impressions if one.impressions else None,
                "bought": one.any_item.purchases,
                "value": one.any_item.value,
            }
            for (rung, version), one in sorted(found.items())
        ],
        empty=N_("No list was shown in the last 28 days."),
        note=N_("Bought after a click, not because of it: only a holdout would show that."),
    )
