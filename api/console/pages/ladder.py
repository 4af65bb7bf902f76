"""The ladder: does each rung earn its place."""

from __future__ import annotations

from typing import Any

from api.console.formats import Formats
from api.console.pages import experiments
from api.console.pages.home import answered, lift
from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import MEANS, N_
from api.messages.experiments import ReportAnswer
from api.model import languages
from recsys.experiments.experiment import Over
from recsys.ladder import Question, RungName
from recsys.storage.access.accounts import Role
from recsys.words import Words


def show(visit: Visit) -> View:
    """Return of each question what every rung adds to the one below, and whether it is shipped."""
    answering = visit.serving.answering
    rungs = answered(visit)
    online = _online(visit)
    shares = {(q, part["rung"]): part["share"] for q, parts in rungs.items() for part in parts}
    return View(
        facts={
            "means": MEANS,
            "rungs": rungs,
            "metrics": answering.manifest.metrics,
            "online": online,
        },
        tables=(
            *(_question(visit, question, shares) for question in Question),
            experiments.rungs("online", online.rungs if online else ()),
            _by_kind(visit),
            _by_history(answering.manifest.metrics),
            _placements(visit),
        ),
    )


PAGE = Page("ladder", N_("Ladder"), N_("Does each rung earn its place?"), Role.VIEWER, show)


def _online(visit: Visit) -> ReportAnswer | None:
    """Return what the step down found that was started last; None where none ran."""
    known = visit.service.experiments.store.all().values()
    steps = [one for one in known if one.since and one.experiment.over is Over.STEP_DOWN]
    if not steps:
        return None
    return experiments.found(visit, max(steps, key=lambda one: one.since or 0))


def _question(visit: Visit, question: Question, shares: dict[tuple[str, str], float]) -> Table:
    verdicts = visit.serving.answering.manifest.verdicts.get(question, {})
    rows = [
        {
            "rung": str(rung),
            "below": str(verdict.below) if verdict else None,
            "lift": lift(verdict.lift) if verdict else "",
            "n": verdict.lift.n if verdict and verdict.lift else None,
            "shipped": ("yes" if verdict.shipped else "no") if verdict else "yes",
            "share": shares.get((str(question), str(rung)), 0.0) if shares else None,
            "why": _told(visit, verdict.said_of()) if verdict and not verdict.shipped else "",
        }
        for rung in reversed(RungName)
        for verdict in [verdicts.get(rung)]
        if verdict or rung == RungName.POPULAR
    ]
    metric = next((verdict.metric for verdict in verdicts.values()), "")
    titles = {
        Question.ITEMS: N_("Items: which products?"),
        Question.CHANNEL: N_("Channel: how to write?"),
        Question.CHURN: N_("Churn: who is leaving?"),
    }
    return Table(
        str(question),
        titles[question],
        (
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("below", N_("Against"), CellKind.WORD, words="rung"),
            Column("lift", N_("Gain"), CellKind.LIFT),
            Column("n", N_("People"), CellKind.COUNT),
            Column("shipped", N_("Shipped"), CellKind.WORD, words="state"),
            Column("share", N_("Share of answers"), CellKind.SHARE),
            Column("why", N_("Why not")),
        ),
        rows,
        note=_in_words(metric),
    )


def _by_kind(visit: Visit) -> Table:
    """Return which kinds of people get each rung: all, a random half, none."""
    verdicts = visit.serving.answering.manifest.verdicts
    rows = [
        {
            "question": str(question),
            "rung": str(rung),
            "people": str(kind),
            "standing": str(said.standing),
            "lift": lift(said.lift),
            "n": said.lift.n if said.lift else None,
            "chance": said.chance,
        }
        for question in Question
        for rung, verdict in verdicts.get(question, {}).items()
        for kind, said in verdict.by_kind.items()
    ]
    return Table(
        "people",
        N_("Which people get a rung"),
        (
            Column("question", N_("Question"), CellKind.WORD, words="question"),
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("people", N_("People"), CellKind.WORD, words="people"),
            Column("standing", N_("Get it"), CellKind.WORD, words="state"),
            Column("lift", N_("Gain"), CellKind.LIFT),
            Column("n", N_("People"), CellKind.COUNT),
            Column("chance", N_("Chance that it is better"), CellKind.SHARE),
        ),
        rows,
        empty=N_("This version tells no kinds of people apart."),
        note=N_("On trial: a random half, drawn anew each week; see the experiment trial-RUNG."),
    )


def _in_words(metric: str) -> str:
    return {
        "log likelihood": N_("Gain in log likelihood per person: how much surer, and rightly so."),
        "reward per decision": N_("Gain in money per decision, held-out messages re-weighted."),
    }.get(
        metric,
        N_("Gain in NDCG: how many of the items taken later stood high in the list, 0 to 1.")
        if metric.startswith("NDCG")
        else "",
    )


def _by_history(metrics: Any) -> Table:
    """Return how each rung of items did for people with more and less of a past."""
    rungs = metrics.get(Question.ITEMS, {}).get("rungs", {})
    rows = [
        {
            "rung": rung,
            "history": _span(part["from"], part["to"]),
            "people": part["users"],
            "ndcg": part["ndcg"]["value"] if part["ndcg"] else None,
            "low": part["ndcg"]["low"] if part["ndcg"] else None,
            "high": part["ndcg"]["high"] if part["ndcg"] else None,
        }
        for rung in map(str, RungName)
        for part in rungs.get(rung, {}).get("by_history", ())
    ]  # fmt: skip
    return Table(
        "history",
        N_("Items, by how much is known of a person"),
        (
            Column("history", N_("Items had before")),
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("people", N_("People"), CellKind.COUNT),
            Column("ndcg", N_("NDCG"), CellKind.NUMBER),
            Column("low", N_("from"), CellKind.NUMBER),
            Column("high", N_("to"), CellKind.NUMBER),
        ),
        sorted(rows, key=lambda row: int(str(row["history"]).split("–")[0].rstrip("+"))),
        empty=N_("This version was not measured by history."),
    )


def _span(first: int, last: int | None) -> str:
    if last is None:
        return f"{first}+"
    return f"{first}–{last}" if last > first else str(first)


def _told(visit: Visit, words: Words) -> str:
    """Return a reason in the language of the page."""
    formats = Formats(visit.language, "UTC", "")
    params = {**words.params, "below": formats.word(words.params["below"], "rung")}
    return languages.text(words.code, params, visit.language) or str(words)


def _placements(visit: Visit) -> Table:
    return Table(
        "placements",
        N_("Lists shown, by placement"),
        (
            Column("placement", N_("Placement"), href="/console/placements?placement={placement}"),
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("lists", N_("Lists"), CellKind.COUNT),
            Column("last", N_("Last"), CellKind.TIME),
        ),
        visit.counted.get("lists", ()),
        empty=visit.or_counting(N_("No placement has shown a list in the last 28 days.")),
        note=N_("In the last 28 days before the newest event."),
    )
