"""Data: can they be trusted."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.responses import Response

from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import KINDS, N_
from api.routes import hooks as tools
from recsys.data.kinds import MESSAGE_KINDS
from recsys.data.times import DAY, SECOND, instant_of
from recsys.errors import BadQuery
from recsys.storage.access.accounts import Role
from recsys.storage.events import names
from recsys.storage.users.consents import MARKETING, PROFILING

LINES = 4


def show(visit: Visit) -> View:
    """Return what came, what was refused, what was not understood, and who agreed to what."""
    counted = visit.counted
    return View(
        facts={
            "figures": visit.figures,
            "plot": _plot(visit),
            "verdicts": _verdicts(visit),
            "kinds": (*visit.service.config.kinds, *MESSAGE_KINDS),
            "unknown": visit.service.refusals.names,
            "known": names.every(visit.database),
        },
        tables=(
            _kinds(counted),
            _refused(visit),
            _sources(counted),
            _tools(visit),
            _files(visit),
            _consents(visit),
            _days(counted),
        ),
    )


def call(visit: Visit) -> Response:
    """Let a name of an event mean a kind, for all events that come from now on."""
    name, kind = visit.form.get("event", "").strip(), visit.form.get("kind", "")
    allowed = (*visit.service.config.kinds, *MESSAGE_KINDS, "")
    if kind not in allowed or not name:
        raise BadQuery("kind", kind, ", ".join(allowed))
    names.put(visit.database, name, kind, at=visit.at)
    visit.service.learn_names()
    visit.service.refusals.names.pop(name, None)
    return visit.lead_to("data")


def forget(visit: Visit) -> Response:
    """Let a name mean nothing of its own any more."""
    names.remove(visit.database, visit.form.get("event", ""))
    visit.service.learn_names()
    return visit.lead_to("data")


PAGE = Page(
    "data",
    N_("Data"),
    N_("Can the data be trusted?"),
    Role.VIEWER,
    show,
    acts={"call": (Role.ANALYST, call), "forget": (Role.ANALYST, forget)},
)


def _plot(visit: Visit) -> dict[str, Any] | None:
    """Return events by day of the kinds there are most of, as the chart takes them."""
    by_kind: dict[str, dict[int, int]] = defaultdict(dict)
    for row in visit.counted.get("days", ()):
        by_kind[row["kind"]][row["day"]] = row["events"]
    if not by_kind:
        return None
    days = sorted({day for of in by_kind.values() for day in of})
    span = range(days[0], days[-1] + 1)
    most = sorted(by_kind, key=lambda kind: -sum(by_kind[kind].values()))[:LINES]
    return {
        "at": [day * DAY // SECOND for day in span],
        "series": [
            {"label": KINDS.get(kind, kind), "values": [by_kind[kind].get(day, 0) for day in span]}
            for kind in most
        ],
    }


def _verdicts(visit: Visit) -> dict[str, int]:
    samples = visit.service.metrics.samples("recsys_events_total")
    return {labels["verdict"]: int(value) for labels, value in samples}


def _kinds(counted: Any) -> Table:
    return Table(
        "kinds",
        N_("Events by kind"),
        (
            Column("kind", N_("What"), CellKind.WORD, words="kind"),
            Column("events", N_("Events"), CellKind.COUNT),
            Column("people", N_("People"), CellKind.COUNT),
            Column("first", N_("First"), CellKind.TIME),
            Column("last", N_("Last"), CellKind.TIME),
            Column("simulated", N_("Simulated"), CellKind.COUNT),
            Column("machine", N_("By machines"), CellKind.COUNT),
        ),
        counted.get("kinds", ()),
        empty=N_("Being counted; look again in a moment."),
    )


def _refused(visit: Visit) -> Table:
    return Table(
        "refused",
        N_("Refused, and why"),
        (
            Column("code", N_("Reason")),
            Column("count", N_("Events"), CellKind.COUNT),
            Column("last", N_("Last"), CellKind.TIME),
            Column("example", N_("Example")),
        ),
        [
            {"code": code, "count": one.count, "last": one.at, "example": one.example}
            for code, one in sorted(
                visit.service.refusals.by_code.items(), key=lambda item: -item[1].count
            )
        ]
        if visit.may(Role.ANALYST)
        else [],
        empty=N_("No event was refused since this worker started."),
        note=N_("Of events sent to this worker since it started; examples are kept nowhere."),
    )


def _sources(counted: Any) -> Table:
    return Table(
        "sources",
        N_("Sources"),
        (
            Column("source", N_("Source")),
            Column("events", N_("Events"), CellKind.COUNT),
            Column("newest", N_("Newest"), CellKind.TIME),
            Column("arrived", N_("Arrived last"), CellKind.TIME),
            Column("late", N_("Late"), CellKind.COUNT),
        ),
        counted.get("sources", ()),
        empty=N_("Being counted; look again in a moment."),
        note=N_("Late: arrived days after it happened (data.late_days). History from files is."),
    )


def _tools(visit: Visit) -> Table:
    route: Any = tools.sources
    found = route.handler(visit.service, None)
    return Table(
        "tools",
        N_("Tools"),
        (
            Column("source", N_("Source")),
            Column("by", N_("By"), CellKind.WORD, words="state"),
            Column("last", N_("Last"), CellKind.TIME),
            Column("rows", N_("Rows"), CellKind.COUNT),
            Column("late", N_("Late"), CellKind.COUNT),
            Column("waiting", N_("Waiting"), CellKind.COUNT),
            Column("became", N_("Became"), CellKind.PARTS),
            Column("unknown", N_("Not understood"), CellKind.PARTS),
        ),
        [
            {
                **msgspec.structs.asdict(one),
                "last": instant_of(one.last, ZoneInfo("UTC")) if one.last else None,
                "became": [f"{name}: {count:,}" for name, count in one.became.items()],
                "unknown": [f"{name}: {count:,}" for name, count in one.unknown.items()],
            }
            for one in found.sources
        ],
        empty=N_("No tool has brought anything yet."),
    )


def _files(visit: Visit) -> Table:
    rows = []
    for one in visit.counted.get("files", ()):
        report = json.loads(one["report"])
        put_aside = report.get("quarantined") or {}
        rows.append(
            {
                "at": one["at"],
                "file": report.get("file"),
                "rows": report.get("rows"),
                "logged": report.get("logged"),
                "duplicates": report.get("duplicates"),
                "aside": sum(put_aside.values()),
                "why": [f"{reason}: {count:,}" for reason, count in put_aside.items()],
            }
        )
    return Table(
        "files",
        N_("Files read"),
        (
            Column("at", N_("When"), CellKind.TIME),
            Column("file", N_("File")),
            Column("rows", N_("Rows"), CellKind.COUNT),
            Column("logged", N_("New events"), CellKind.COUNT),
            Column("duplicates", N_("Duplicates"), CellKind.COUNT),
            Column("aside", N_("Put aside"), CellKind.COUNT),
            Column("why", N_("Why"), CellKind.PARTS),
        ),
        rows,
        empty=visit.or_counting(N_("No file was imported.")),
    )


def _consents(visit: Visit) -> Table:
    people = visit.counted.get("people", 0)
    said: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in visit.counted.get("consents", ()):
        said[row["purpose"], row["channel"]][row["state"]] = row["people"]
    wanted = [(PROFILING, ""), *((MARKETING, arm) for arm in visit.service.config.channels.arms)]
    silence = {PROFILING: visit.service.config.privacy.profiling, MARKETING: "denied"}
    rows = [
        {
            "purpose": purpose,
            "channel": channel,
            "granted": (granted := said[purpose, channel].get("granted", 0)),
            "denied": (denied := said[purpose, channel].get("denied", 0)),
            "silent": max(0, people - granted - denied),
            "means": silence[purpose],
        }
        for purpose, channel in wanted
    ]
    return Table(
        "consents",
        N_("Consents"),
        (
            Column("purpose", N_("For"), CellKind.WORD, words="state"),
            Column("channel", N_("Channel")),
            Column("granted", N_("Granted"), CellKind.COUNT),
            Column("denied", N_("Denied"), CellKind.COUNT),
            Column("silent", N_("Said nothing"), CellKind.COUNT),
            Column("means", N_("Silence means"), CellKind.WORD, words="state"),
        ),
        rows if visit.figures else [],
        empty=N_("Being counted; look again in a moment."),
    )


def _days(counted: Any) -> Table:
    return Table(
        "days",
        N_("Events by day"),
        (
            Column("at", N_("Day"), CellKind.DAY),
            Column("kind", N_("What"), CellKind.WORD, words="kind"),
            Column("events", N_("Events"), CellKind.COUNT),
        ),
        [{**row, "at": row["day"] * DAY} for row in counted.get("days", ())],
        empty=N_("Being counted; look again in a moment."),
        note=N_("The last 90 days before the newest one; days in UTC, the last may be unfinished."),
    )
