"""Growth: is the North Star moving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import msgspec

from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from api.messages.groups import count
from api.requests.query import GROWTH
from api.routes import growth as answers
from recsys.storage.access.accounts import Role

MADE: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "lifecycle": answers.lifecycle_of,
    "retention": answers.retention_of,
    "stickiness": answers.stickiness_of,
    "north_star": answers.north_star_of,
    "referrals": answers.referrals_of,
    "nps": lambda service, call, _: answers.nps.handler(service, call),
}


def counted(service: Any, segment: str = "") -> dict[str, Any]:
    """Return all that the API says of growth, of everybody or of a segment."""
    query = msgspec.structs.replace(service.reader.query(b"", GROWTH), segment=segment)
    call: Any = SimpleNamespace(query=query)
    growth = answers.read(service, call)
    return {name: msgspec.to_builtins(make(service, call, growth)) for name, make in MADE.items()}


def show(visit: Visit) -> View:
    """Return the North Star and its inputs, stages of life, retention, stickiness and NPS."""
    segment = visit.get("segment")
    found = counted(visit.service, segment) if segment else visit.counted.get("growth", {})
    return View(
        facts={
            "found": found,
            "names": [one.name for one in visit.serving.answering.bundle.portraits],
            "sticky": found.get("stickiness"),
            "nps": found.get("nps"),
        },
        tables=(
            _star(found),
            _stages(found),
            _retained(found),
            _promoters(found),
            _referred(found),
        ),
    )


PAGE = Page("growth", N_("Growth"), N_("Is the North Star moving?"), Role.VIEWER, show)


def _star(found: Mapping[str, Any]) -> Table:
    return Table(
        "star",
        N_("The North Star and its inputs"),
        (
            Column("period", N_("From")),
            Column("total", N_("Items taken"), CellKind.COUNT),
            Column("reachable", N_("Reachable people"), CellKind.COUNT),
            Column("breadth", N_("of them active"), CellKind.SHARE),
            Column("frequency", N_("Times each"), CellKind.NUMBER),
            Column("depth", N_("Items each time"), CellKind.NUMBER),
            Column("efficiency", N_("Times each session"), CellKind.NUMBER),
        ),
        list(reversed(found.get("north_star", {}).get("periods", ()))),
        empty=N_("No period is over yet, or it is still being counted."),
        note=N_("Items taken are the product of the other four. Only periods that are over."),
    )


def _stages(found: Mapping[str, Any]) -> Table:
    return Table(
        "stages",
        N_("Who comes, comes back and stays"),
        (
            Column("period", N_("From")),
            Column("new", N_("New"), CellKind.COUNT),
            Column("current", N_("Current"), CellKind.COUNT),
            Column("resurrected", N_("Returned"), CellKind.COUNT),
            Column("dormant", N_("Dormant"), CellKind.COUNT),
            Column("active", N_("Active"), CellKind.COUNT),
            Column("pulse", N_("Pulse"), CellKind.NUMBER),
        ),
        [
            {n: count(v) if isinstance(v, int) else v for n, v in period.items()}
            for period in reversed(found.get("lifecycle", {}).get("periods", ()))
        ],
        empty=N_("No period is over yet, or it is still being counted."),
        note=N_("Pulse: new and returned for each who fell dormant; above 1 it grows."),
    )


def _retained(found: Mapping[str, Any]) -> Table:
    return Table(
        "retained",
        N_("Who comes back after the first time"),
        (
            Column("day", N_("Days after"), CellKind.COUNT),
            Column("people", N_("People"), CellKind.COUNT),
            Column("on", N_("on that day"), CellKind.SHARE),
            Column("after", N_("that day or later"), CellKind.SHARE),
        ),
        found.get("retention", {}).get("days", ()),
        empty=N_("Still being counted."),
    )


def _promoters(found: Mapping[str, Any]) -> Table:
    nps = found.get("nps", {})
    whole = [{"segment": "all", **nps["weighted"]}] if "weighted" in nps else []
    rows = whole + [{"segment": name, **one} for name, one in nps.get("segments", {}).items()]
    return Table(
        "promoters",
        N_("Who recommends us"),
        (
            Column("segment", N_("Segment"), CellKind.WORD, words="groups"),
            Column("answers", N_("Answers"), CellKind.COUNT),
            Column("people", N_("People"), CellKind.COUNT),
            Column("score", N_("Promoter score"), CellKind.LIFT),
        ),
        [
            {
                "segment": row["segment"],
                "people": row["people"],
                "answers": row["answers"],
                "score": None
                if row["score"] is None
                else {"value": row["score"], "low": row["low"], "high": row["high"], "n": None},
            }
            for row in rows
            if count(row["answers"])
        ],
        empty=N_("Fewer than ten people answered in 90 days."),
        note=N_("Weighted by the people of each segment, as some answer more often than others."),
    )


def _referred(found: Mapping[str, Any]) -> Table:
    periods = found.get("referrals", {}).get("periods", ())
    return Table(
        "referred",
        N_("Who was brought by others"),
        (
            Column("period", N_("From")),
            Column("new", N_("New"), CellKind.COUNT),
            Column("referred", N_("brought by others"), CellKind.COUNT),
            Column("share", N_("Share"), CellKind.SHARE),
            Column("referrers", N_("Who brought them"), CellKind.COUNT),
        ),
        [
            {n: count(v) if isinstance(v, int) else v for n, v in period.items()}
            for period in reversed(periods)
        ]
        if any(period["referred"] for period in periods)
        else (),
        empty=N_("Nobody says who brought them (the trait referred_by)."),
    )
