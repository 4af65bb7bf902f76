"""Channels: what works, what annoys."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from recsys.ladder import Question, RungName
from recsys.storage.access.accounts import Role

EVERYBODY = "all"


def show(visit: Visit) -> View:
    """Return how people respond to each channel, what each way of choosing earns, and the terms."""
    metrics = visit.serving.answering.manifest.metrics.get(Question.CHANNEL, {})
    return View(
        facts={"simulated_log": bool(metrics.get("simulated"))},
        tables=(
            _messages(visit),
            _response(metrics),
            _policies(metrics),
            _arms(metrics),
            _terms(visit),
            _decisions(visit),
            _segments(metrics),
        ),
    )


PAGE = Page("channels", N_("Channels"), N_("What works, what annoys?"), Role.VIEWER, show)


def _messages(visit: Visit) -> Table:
    """Return of each channel what was sent, answered and unsubscribed from, of the whole store."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for one in visit.counted.get("messages", ()):
        counts[one["channel"]][one["kind"]] = one["events"]
    rows = []
    for channel, of in counts.items():
        sent = of.get("message_sent", 0)
        row: dict[str, Any] = {"channel": channel, "sent": sent}
        for name in ("opened", "responded", "unsubscribed", "failed"):
            found = of.get(f"message_{name}")
            row[name] = found / sent if found is not None and sent else None
        rows.append(row)
    return Table(
        "messages",
        N_("Messages, and what came of them"),
        (
            Column("channel", N_("Channel")),
            Column("sent", N_("Sent"), CellKind.COUNT),
            Column("opened", N_("Opened"), CellKind.SHARE),
            Column("responded", N_("Answered"), CellKind.SHARE),
            Column("unsubscribed", N_("Unsubscribed"), CellKind.SHARE),
            Column("failed", N_("Not delivered"), CellKind.SHARE),
        ),
        rows,
        empty=visit.or_counting(
            N_("No message is stored. Send message events, and channels learn from them.")
        ),
        note=N_("Of all messages in the store; what machines did is left out."),
    )


def _response(metrics: Any) -> Table:
    return Table(
        "response",
        N_("How likely an answer is"),
        (
            Column("channel", N_("Channel")),
            Column("p", N_("Answers"), CellKind.SHARE),
            Column("low", N_("from"), CellKind.SHARE),
            Column("high", N_("to"), CellKind.SHARE),
            Column("weight", N_("Messages behind it"), CellKind.COUNT),
        ),
        [row for row in metrics.get("response", ()) if row["segment"] == EVERYBODY],
        empty=N_("Not measured: no messages yet."),
        note=N_("Of everybody; older messages count less."),
    )


def _segments(metrics: Any) -> Table:
    return Table(
        "segments",
        N_("By segment"),
        (
            Column("segment", N_("Segment")),
            Column("channel", N_("Channel")),
            Column("p", N_("Answers"), CellKind.SHARE),
            Column("low", N_("from"), CellKind.SHARE),
            Column("high", N_("to"), CellKind.SHARE),
            Column("weight", N_("Messages behind it"), CellKind.COUNT),
        ),
        [row for row in metrics.get("response", ()) if row["segment"] != EVERYBODY],
        empty=N_("Not measured by segment."),
    )


def _policies(metrics: Any) -> Table:
    """Return what deciding by each rung, and always by one channel, earns on held-out messages."""
    value, always = metrics.get("value", {}), metrics.get("value_of_always", {})
    rows = [
        {"policy": str(rung), "what": "rung", "value": value[rung]}
        for rung in reversed(RungName)
        if rung in value
    ] + [{"policy": name, "what": "always", "value": found} for name, found in always.items()]
    return Table(
        "policies",
        N_("What each way of choosing earns"),
        (
            Column("what", N_("How"), CellKind.WORD, words="policy"),
            Column("policy", N_("By"), CellKind.WORD, words="policy_of"),
            Column("value", N_("Money per decision"), CellKind.LIFT),
        ),
        rows,
        empty=N_("Not measured: no held-out messages."),
        note=N_("On held-out messages, re-weighted by how likely each was to be sent."),
    )


def _arms(metrics: Any) -> Table:
    shares = metrics.get("share_of_arm", {})
    return Table(
        "arms",
        N_("Which channel each rung would choose"),
        (
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("channel", N_("Channel"), CellKind.WORD, words="channel"),
            Column("share", N_("Share"), CellKind.SHARE),
        ),
        [
            {"rung": str(rung), "channel": arm, "share": share}
            for rung in reversed(RungName)
            for arm, share in shares.get(rung, {}).items()
        ],
        empty=N_("Not measured: no held-out messages."),
    )


def _terms(visit: Visit) -> Table:
    return Table(
        "terms",
        N_("Terms"),
        (
            Column("channel", N_("Channel")),
            Column("cost", N_("Cost of a message"), CellKind.NUMBER),
            Column("cap", N_("Most in a week"), CellKind.COUNT),
            Column("budget", N_("Largest share of decisions"), CellKind.SHARE),
            Column("quiet", N_("Quiet hours"), CellKind.WORD, words="state"),
        ),
        [
            {
                "channel": name,
                "cost": arm.cost,
                "cap": arm.cap_per_week,
                "budget": arm.budget_share,
                "quiet": "yes" if arm.quiet_hours else "no",
            }
            for name, arm in visit.service.config.channels.arms.items()
        ],
        note=N_("As configured: see the settings under channels."),
    )


def _decisions(visit: Visit) -> Table:
    return Table(
        "decisions",
        N_("Decisions taken"),
        (
            Column("action", N_("Channel"), CellKind.WORD, words="channel"),
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("decisions", N_("Decisions"), CellKind.COUNT),
            Column("explored", N_("Explored"), CellKind.COUNT),
            Column("cost", N_("Cost"), CellKind.MONEY),
            Column("last", N_("Last"), CellKind.TIME),
        ),
        visit.counted.get("decisions", ()),
        empty=visit.or_counting(N_("No decision was asked for with an id yet.")),
    )
