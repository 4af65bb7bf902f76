"""Operations: what runs, what failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from api.console.jobs import jobs
from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from api.runtime.clock import system
from recsys.data.times import DAY
from recsys.errors import StoreUnavailable
from recsys.project import version
from recsys.storage.access import accounts, audit, keys
from recsys.storage.access.accounts import Role
from recsys.storage.access.audit import Action
from recsys.storage.webhooks import messages

MOST = 100
EXPORTS = 20
AUDIT_DAYS = 90


def show(visit: Visit) -> View:
    """Return whether this worker is well, how fast it answers, and for admins who did what."""
    service = visit.service
    return View(
        facts={
            "software": version(),
            "refused": service.current.refused,
            "failing": service.inbox.failing(),
            "readable": _readable(visit),
            "age": visit.at - visit.serving.answering.manifest.data_until
            if service.current.version
            else None,
            "store": service.log.database.place,
            "webhook": visit.get("webhook") if visit.may(Role.ADMIN) else "",
        },
        tables=(
            jobs(visit),
            *((_exports(visit),) if visit.may(Role.MARKETER) else ()),
            *(_webhooks(visit) if visit.may(Role.ADMIN) else ()),
            _latency(visit),
            _failures(visit),
            *((_accounts(visit), _keys(visit), _audit(visit)) if visit.may(Role.ADMIN) else ()),
        ),
    )


def again(visit: Visit) -> Response:
    """Send messages of a webhook again, one or all that were given up; call it where it was off."""
    webhook, message = visit.get("webhook"), visit.form.get("message", "")
    visit.service.webhooks.get(webhook)
    visit.note(Action.WEBHOOKS_SENT, f"{webhook} {message}".rstrip())
    visit.service.webhooks.turn(webhook, "")
    messages.again(visit.database, webhook, now=system(), message_id=message)
    return visit.lead_to("operations", webhook=webhook)


PAGE = Page(
    "operations",
    N_("Operations"),
    N_("What runs, what failed?"),
    Role.VIEWER,
    show,
    acts={"again": (Role.ADMIN, again)},
)


def _exports(visit: Visit) -> Table:
    return Table(
        "exports",
        N_("Exports"),
        (
            Column("export", N_("Export"), CellKind.CODE),
            Column("state", N_("State"), CellKind.WORD, words="delivery"),
            Column("done", N_("Looked at"), CellKind.SHARE),
            Column("rows", N_("Rows"), CellKind.COUNT),
            Column("by", N_("By")),
            Column("asked", N_("Asked for"), CellKind.TIME),
            Column("ended", N_("Ended"), CellKind.TIME),
            Column("why", N_("Why not")),
        ),
        [
            {
                "export": one.export_id,
                "state": str(one.state),
                "done": one.looked_at / one.users if one.users else None,
                "rows": one.rows,
                "by": one.by,
                "asked": one.created_at,
                "ended": one.ended_at,
                "why": one.why,
            }
            for one in visit.service.exports.latest(EXPORTS)
        ],
        empty=N_("Nobody asked for an export yet."),
    )


def _webhooks(visit: Visit) -> Iterator[Table]:
    counts = messages.counts(visit.database)
    yield Table(
        "webhooks",
        N_("Where this service calls by itself"),
        (
            Column(
                "webhook",
                N_("Webhook"),
                CellKind.CODE,
                href="/console/operations?webhook={webhook}",
            ),
            Column("url", N_("Address")),
            Column("kinds", N_("Told"), CellKind.PARTS),
            Column("waiting", N_("Waiting"), CellKind.COUNT),
            Column("delivered", N_("Delivered"), CellKind.COUNT),
            Column("dead", N_("Given up"), CellKind.COUNT),
            Column("off", N_("Why not called")),
        ),
        [
            {
                "webhook": one.webhook_id,
                "url": one.url,
                "kinds": [str(kind) for kind in one.kinds],
                **{str(s): counts.get(one.webhook_id, {}).get(s, 0) for s in messages.MessageState},
                "off": one.off,
            }
            for one in visit.service.webhooks.every()
        ],
        empty=N_("No address is called: POST /v1/webhooks adds one."),
    )
    if webhook := visit.get("webhook"):
        yield _deliveries(visit, webhook)


def _deliveries(visit: Visit, webhook: str) -> Table:
    visit.service.webhooks.get(webhook)
    return Table(
        "deliveries",
        N_("What it was told last"),
        (
            Column("at", N_("When"), CellKind.TIME),
            Column("kind", N_("What")),
            Column("state", N_("State"), CellKind.WORD, words="delivery"),
            Column("tries", N_("Tries"), CellKind.COUNT),
            Column("answer", N_("Last answer")),
            Column("next", N_("Next try"), CellKind.TIME),
            Column("message", N_("Message"), CellKind.CODE),
        ),
        [
            {
                "at": one.created_at,
                "kind": str(one.kind),
                "state": str(one.state),
                "tries": len(one.tries),
                "answer": str(one.tries[-1].status or one.tries[-1].error) if one.tries else "",
                "next": one.next_at if one.state is messages.MessageState.WAITING else None,
                "message": one.message_id,
            }
            for one in messages.of(visit.database, webhook, MOST)
        ],
        empty=N_("It was told nothing yet."),
    )


def _readable(visit: Visit) -> bool:
    try:
        visit.service.log.last_seq()
    except StoreUnavailable:
        return False
    return True


def _latency(visit: Visit) -> Table:
    """Return of each route how often it was asked, and how long answers take."""
    samples = visit.service.metrics.samples
    counts: dict[str, float] = defaultdict(float)
    bad: dict[str, float] = defaultdict(float)
    buckets: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for labels, value in samples("recsys_request_seconds_count"):
        counts[labels["route"]] += value
        bad[labels["route"]] += value if labels["status"] >= "500" else 0
    for labels, value in samples("recsys_request_seconds_bucket"):
        buckets[labels["route"]][float(labels["le"])] += value
    rows = [
        {
            "route": route,
            "requests": int(count),
            "failed": int(bad[route]),
            **{f"p{p}": _quantile(buckets[route], count, p / 100) for p in (50, 95, 99)},
        }
        for route, count in sorted(counts.items(), key=lambda item: -item[1])
        if count
    ]
    return Table(
        "latency",
        N_("How fast answers are, in milliseconds"),
        (
            Column("route", N_("Address")),
            Column("requests", N_("Requests"), CellKind.COUNT),
            Column("failed", N_("Failed"), CellKind.COUNT),
            Column("p50", N_("half within"), CellKind.NUMBER),
            Column("p95", N_("95 of 100 within"), CellKind.NUMBER),
            Column("p99", N_("99 of 100 within"), CellKind.NUMBER),
        ),
        rows[:MOST],
        note=N_("Since the service started, rounded up to the next bound of the histogram."),
    )


def _quantile(buckets: dict[float, float], count: float, share: float) -> float | None:
    bounds = sorted(buckets)
    found = next((bound for bound in bounds if buckets[bound] >= share * count), None)
    return None if found is None or found == float("inf") else found * 1_000


def _failures(visit: Visit) -> Table:
    return Table(
        "failures",
        N_("Rungs that failed"),
        (
            Column("question", N_("Question"), CellKind.WORD, words="question"),
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("times", N_("Times"), CellKind.COUNT),
        ),
        [
            {**labels, "times": int(value)}
            for labels, value in visit.service.metrics.samples("recsys_rung_failures_total")
            if value
        ],
        empty=N_("No rung failed since the service started."),
    )


def _accounts(visit: Visit) -> Table:
    return Table(
        "accounts",
        N_("Accounts of this console"),
        (
            Column("name", N_("Name")),
            Column("role", N_("Role"), CellKind.WORD, words="role"),
            Column("password", N_("Password"), CellKind.WORD, words="state"),
            Column("created", N_("Made"), CellKind.TIME),
        ),
        [
            {
                "name": one.name, "role": str(one.role),
                "password": "yes" if one.has_password else "no", "created": one.created_at,
            }
            for one in accounts.every(visit.database)
        ],
        note=N_("Made and removed by recsys console user."),
    )  # fmt: skip


def _keys(visit: Visit) -> Table:
    now = system()
    return Table(
        "keys",
        N_("Keys to the API"),
        (
            Column("label", N_("Name")),
            Column("rights", N_("Opens"), CellKind.PARTS),
            Column("holds", N_("Holds"), CellKind.WORD, words="state"),
            Column("until", N_("Until"), CellKind.TIME),
            Column("used", N_("Last used"), CellKind.TIME),
        ),
        [
            {
                "label": key.label,
                "rights": sorted(key.rights),
                "holds": "yes" if key.holds(now) else "no",
                "until": key.expires_at,
                "used": key.last_used_at,
            }
            for key in keys.every(visit.database).values()
        ],
        empty=N_("There is no key: everybody who reaches the service may ask it anything."),
        note=N_("Made and revoked by recsys keys; keys of the environment are not listed."),
    )


def _audit(visit: Visit) -> Table:
    entries: list[Any] = audit.entries(visit.database, since=visit.at - AUDIT_DAYS * DAY)
    return Table(
        "audit",
        N_("Who did what"),
        (
            Column("at", N_("When"), CellKind.TIME),
            Column("actor", N_("Who")),
            Column("action", N_("What"), CellKind.WORD, words="action"),
            Column("subject", N_("To whom or what")),
        ),
        [
            {
                "at": one.at, "actor": one.actor, "action": str(one.action),
                "subject": one.subject,
            }
            for one in reversed(entries[-MOST:])
        ],
        empty=N_("Nothing in the last 90 days."),
        note=N_("The last 100 of 90 days; recsys audit has all."),
    )  # fmt: skip
