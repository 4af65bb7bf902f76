"""Segments: who are they, and where do they move."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from starlette.responses import Response, StreamingResponse

from api.answers import audience as audiences
from api.answers.audience import COLUMNS, AudienceQuery, Tally
from api.answers.csv_cells import safe
from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from api.messages import groups
from api.messages.groups import AudienceBody
from recsys.errors import BadQuery
from recsys.segments import lifecycle
from recsys.segments.groups import MIN_USERS
from recsys.segments.rule import Happened, InSegment, Score, Trait
from recsys.storage.access.accounts import Role
from recsys.storage.access.audit import Action

LOOKED_AT = 400
"""People that a count looks at while somebody is still trying; then it is scaled up."""

SHADES = 4
_SIGNS = {"gte": "≥", "gt": ">", "lte": "≤", "lt": "<", "eq": "=", "ne": "≠"}


def show(visit: Visit) -> View:
    """Return all segments, the moves between stages of life, and the audience being built."""
    bundle = visit.serving.answering.bundle
    found = bundle.groups
    body = _body(visit)
    wanted = _wanted(visit, body) if body else None
    return View(
        facts={
            "period_days": found.period_days,
            "as_of": visit.serving.answering.manifest.data_until,
            "states": lifecycle.STATES,
            "moves": _moves(visit),
            "no_clusters": found.no_clusters,
            "names": [portrait.name for portrait in bundle.portraits],
            "kinds": bundle.interactions.kinds,
            "channels": tuple(visit.service.config.channels.arms),
            "traits": [n.partition(":")[2] for n in found.names if n.startswith(f"{found.trait}:")],
            "trait": found.trait,
            "asked": json.dumps(body.rule, ensure_ascii=False) if body and body.rule else "",
            "count": _count(visit, wanted) if wanted else None,
        },
        tables=(
            _figures(visit),
            *((_leaves(visit, wanted),) if wanted else ()),
            *((_list(visit),) if visit.get("segment") else ()),
        ),
    )


def export(visit: Visit) -> Response:
    """Hand over who is in the audience and may be written to, as CSV, in a stream."""
    body = _body(visit)
    if body is None:
        raise BadQuery("segment", "", "an audience: a segment, or conditions")
    wanted = _wanted(visit, body)
    visit.note(Action.EXPORTED, str(body.segment or "a rule"))
    rows = _members(visit, wanted)
    first = next(rows, None)
    lines = _lines(chain([] if first is None else [first], rows))
    headers = {"Content-Disposition": 'attachment; filename="audience.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


PAGE = Page(
    "segments",
    N_("Segments"),
    N_("Who are they, where do they move?"),
    Role.VIEWER,
    show,
    acts={"export": (Role.MARKETER, export)},
)


def _body(visit: Visit) -> AudienceBody | None:
    """Return the audience that the address describes; None where it describes none."""
    channel = visit.get("channel") or None
    conditions = [one for one in _conditions(visit) if one]
    if visit.get("rule"):
        try:
            return AudienceBody(rule=json.loads(visit.get("rule")), channel=channel)
        except ValueError as error:
            raise BadQuery("rule", visit.get("rule")[:80], f"JSON ({error})") from error
    if not conditions:
        return None
    rule = conditions[0] if len(conditions) == 1 else {"all": conditions}
    return AudienceBody(rule=rule, channel=channel)


def _conditions(visit: Visit) -> Iterator[dict[str, Any] | None]:
    """Yield the conditions of the form; None for each that is left open."""
    yield {"segment": visit.get("segment")} if visit.get("segment") else None
    if visit.get("times"):
        count = int(visit.number("times", 1, low=1, high=1_000))
        days = int(visit.number("days", 365, low=1, high=36_500))
        kind = visit.get("kind", visit.service.config.churn.critical_kind)
        yield {"event": kind, "count": {"gte": count}, "within_days": days}
    if visit.get("churn"):
        least = visit.number("churn", 0.5, high=100) / 100
        yield {"score": "churn", "op": "gte", "value": least}
    if visit.get("worth"):
        yield {"score": "value", "op": "gte", "value": visit.number("worth", 0)}
    if visit.get("trait"):
        name = visit.serving.answering.bundle.groups.trait
        yield {"trait": name, "op": "eq", "value": visit.get("trait")}


def _wanted(visit: Visit, body: AudienceBody) -> AudienceQuery:
    arms = visit.service.config.channels.arms
    return audiences.read(body, visit.serving.answering, visit.service.desk.cohorts, arms)


def _people(visit: Visit) -> Any:
    return visit.service.identities.people(visit.serving.answering.bundle.interactions.users)


def _tally(visit: Visit, wanted: AudienceQuery) -> tuple[Tally, int]:
    """Return what a look at some people, or at all of them, counts; and how many there are."""
    people = _people(visit)
    drawn = audiences.sample(people, seed=visit.service.config.training.seed)
    if not visit.get("all") and len(drawn) > LOOKED_AT:
        rows = np.random.default_rng(visit.service.config.training.seed).choice(
            len(drawn), LOOKED_AT, replace=False
        )
        drawn = [drawn[row] for row in np.sort(rows).tolist()]
    tally, query = Tally(), visit.service.reader.query(b"")
    desk, serving = visit.service.desk, visit.serving
    for looked in audiences.looked_at(desk, serving, wanted, drawn, query=query, at=visit.at):
        tally.add(looked, wanted)
    return tally, len(people)


def _count(visit: Visit, wanted: AudienceQuery) -> Any:
    tally, people = _tally(visit, wanted)
    version = visit.serving.answering.version
    return audiences.preview(tally, wanted, of=people, version=version)


def _leaves(visit: Visit, wanted: AudienceQuery) -> Table:
    found = _count(visit, wanted)
    return Table(
        "decided",
        N_("Which condition decides"),
        (
            Column("leaf", N_("Condition")),
            Column("admitted", N_("Let in"), CellKind.COUNT),
            Column("refused", N_("Kept out"), CellKind.COUNT),
        ),
        [
            {"leaf": _said(wanted, one.leaf), "admitted": one.admitted, "refused": one.refused}
            for one in found.decided_by
        ],
        note=N_("Counts of fewer than 20 people are left out."),
    )


def _said(wanted: AudienceQuery, path: str) -> str:
    """Return what a leaf of a rule asks for, by the rule itself."""
    says = {leaf.path: leaf.says for leaf in wanted.rule.leaves}.get(path)
    match says:
        case InSegment():
            return says.name
        case Trait() | Score():
            asked = says.condition
            return f"{asked.what} {_SIGNS.get(asked.op, asked.op)} {asked.value}"
        case Happened():
            bounds = says.count.bounds if says.count else ()
            how_often = " ".join(f"{_SIGNS.get(op, op)} {value:g}" for op, value in bounds)
            return f"{says.step.kind} {how_often}, {says.within_days:g} d"
    return path


def _members(visit: Visit, wanted: AudienceQuery) -> Iterator[dict[str, str | None]]:
    desk, serving, query = visit.service.desk, visit.serving, visit.service.reader.query(b"")
    people = _people(visit)
    for looked in audiences.looked_at(desk, serving, wanted, people, query=query, at=visit.at):
        yield from audiences.members(looked, wanted)


def _lines(rows: Iterator[dict[str, str | None]]) -> Iterator[bytes]:
    yield f"{','.join(COLUMNS)}\r\n".encode()
    for row in rows:
        text = io.StringIO()
        csv.DictWriter(text, COLUMNS).writerow(safe(row))
        yield text.getvalue().encode()


def _figures(visit: Visit) -> Table:
    answering, rows = visit.serving.answering, []
    for portrait in answering.bundle.portraits:
        figures = groups.segment(portrait, answering)
        family, _, name = portrait.name.partition(":")
        rows.append({**figures, "family": family, "segment": name})
    rows.sort(key=lambda row: (str(row["family"]), -(row["users"] or 0)))
    return Table(
        "segments",
        N_("Segments in figures"),
        (
            Column("family", N_("By"), CellKind.WORD, words="family"),
            Column(
                "segment",
                N_("Segment"),
                CellKind.WORD,
                words="segment",
                href="/console/segments?segment={name}",
            ),
            Column("users", N_("People"), CellKind.COUNT),
            Column("revenue_share", N_("Share of sales"), CellKind.SHARE),
            Column("churn", N_("Churn"), CellKind.SHARE),
            Column("repurchase", N_("Came back"), CellKind.SHARE),
            Column("name", N_("Id")),
        ),
        rows,
        note=N_(
            "Everybody in the training data, as of its end. Came back: of those in it one period "
            "ago. Fewer than 20 people: not told."
        ),
    )


def _moves(visit: Visit) -> list[dict[str, Any]]:
    """Return a row for each stage of life before: how many are in which stage now."""
    found = visit.serving.answering.bundle.groups.transitions
    most = max(1, int(found.max()))
    return [
        {
            "before": before,
            "cells": [
                {"users": groups.count(users), "shade": _shade(users, most)}
                for users in row.tolist()
            ],
        }
        for before, row in zip((*lifecycle.STATES, "never"), found, strict=True)
    ]


def _shade(users: int, most: int) -> int:
    return 0 if users < MIN_USERS else max(1, round(SHADES * (users / most) ** 0.5))


def _list(visit: Visit) -> Table:
    """Return what anybody in a segment is served."""
    name = visit.serving.answering.bundle.segment(visit.get("segment")).name
    query = visit.service.reader.query(b"")
    answer = visit.service.desk.segment(visit.serving, name, query, at=visit.at)
    return Table(
        "list",
        N_("List served to anybody in it"),
        (
            Column("rank", "#", CellKind.COUNT),
            Column("title", N_("Item"), href="/console/item?id={item_id}"),
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("item_id", N_("Id")),
        ),
        [
            {
                "rank": item.rank, "title": item.title or item.item_id, "rung": str(item.rung),
                "item_id": item.item_id,
            }
            for item in answer.items
        ],
    )  # fmt: skip
