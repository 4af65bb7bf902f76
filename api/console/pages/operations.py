"""Operations: what runs, what failed."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from api.console.table import Column, Kind, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from api.runtime.clock import system
from recsys.data.times import DAY
from recsys.errors import StoreUnavailable
from recsys.project import version
from recsys.storage.access import accounts, audit, keys
from recsys.storage.access.accounts import Role

MOST = 100
AUDIT_DAYS = 90


def show(visit: Visit) -> View:
    """Return whether this worker is well, how fast it answers, and for admins who did what."""
    service = visit.service
    return View(
        facts={
            "version": version(),
            "refused": service.current.refused,
            "failing": service.inbox.failing(),
            "readable": _readable(visit),
            "age": visit.at - visit.serving.answering.manifest.data_until
            if service.current.version
            else None,
            "store": service.log.database.place,
        },
        tables=(
            _latency(visit),
            _failures(visit),
            *((_accounts(visit), _keys(visit), _audit(visit)) if visit.may(Role.ADMIN) else ()),
        ),
    )


PAGE = Page(
    "operations",
    N_("Operations"),
    N_("What runs, what failed?"),
    Role.VIEWER,
    show,
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
            Column("requests", N_("Requests"), Kind.COUNT),
            Column("failed", N_("Failed"), Kind.COUNT),
            Column("p50", N_("half within"), Kind.NUMBER),
            Column("p95", N_("95 of 100 within"), Kind.NUMBER),
            Column("p99", N_("99 of 100 within"), Kind.NUMBER),
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
            Column("question", N_("Question"), Kind.WORD, words="question"),
            Column("rung", N_("Rung"), Kind.WORD, words="rung"),
            Column("times", N_("Times"), Kind.COUNT),
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
            Column("role", N_("Role"), Kind.WORD, words="role"),
            Column("password", N_("Password"), Kind.WORD, words="state"),
            Column("created", N_("Made"), Kind.TIME),
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
            Column("rights", N_("Opens"), Kind.PARTS),
            Column("holds", N_("Holds"), Kind.WORD, words="state"),
            Column("until", N_("Until"), Kind.TIME),
            Column("used", N_("Last used"), Kind.TIME),
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
            Column("at", N_("When"), Kind.TIME),
            Column("actor", N_("Who")),
            Column("action", N_("What"), Kind.WORD, words="action"),
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
