"""Home: does it work, does it pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from recsys.data.times import DAY, HOUR
from recsys.experiments.experiment import HOLDOUT
from recsys.ladder import Question, RungName
from recsys.storage.access.accounts import Role
from recsys.storage.experiments.store import ExperimentStatus
from recsys.storage.figures import totals

MOST_ALERTS = 5
OLD_MODEL_DAYS = 30
QUIET_HOURS = 48
ANSWERED = "recsys_answer_seconds_count"


@dataclass(frozen=True, slots=True)
class Alert:
    """What somebody should look at, and the page where.

    Attributes
    ----------
    text : str
        To be translated; `facts` fill it.
    why : str
        What the service said of it, in its own words.
    """

    text: str
    page: str
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def show(visit: Visit) -> View:
    """Return what serves, whether it pays, and what needs a look."""
    current = visit.service.current
    manifest = visit.serving.answering.manifest if current.version else None
    known = manifest.data_until - 1 if manifest else 0
    newest = max(known, totals.newest(visit.database) or 0) or None
    rungs = answered(visit)
    held = visit.counted.get("experiments", {}).get(HOLDOUT)
    return View(
        facts={
            "manifest": manifest,
            "newest": newest,
            "events": sum(kind["events"] for kind in visit.counted.get("kinds", ())),
            "rungs": rungs,
            "alerts": list(_alerts(visit, newest))[:MOST_ALERTS],
            "held": held,
            "is_held": visit.service.experiments.holdout is not None,
        },
        tables=(_pays(visit), _holdout(held), _rungs(rungs)),
    )


PAGE = Page("home", N_("Home"), N_("Does it work, does it pay?"), Role.VIEWER, show)


def answered(visit: Visit) -> dict[str, list[dict[str, Any]]]:
    """Return which rung gave how many answers to each question, since the service started."""
    counts: dict[str, dict[str, float]] = defaultdict(dict)
    for labels, value in visit.service.metrics.samples(ANSWERED):
        counts[labels["question"]][labels["rung"]] = value
    found = {}
    for question in Question:
        of = counts[question]
        total = sum(of.values())
        found[str(question)] = [
            {"rung": str(rung), "answers": int(of.get(rung, 0)), "share": of.get(rung, 0) / total}
            for rung in (*RungName, "none")
            if total and of.get(rung)
        ]
    return found


def _rungs(rungs: Mapping[str, list[dict[str, Any]]]) -> Table:
    return Table(
        "rungs",
        N_("Which rung answered"),
        (
            Column("question", N_("Question"), CellKind.WORD, words="question"),
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("answers", N_("Answers"), CellKind.COUNT),
            Column("share", N_("Share"), CellKind.SHARE),
        ),
        [{"question": question, **part} for question, parts in rungs.items() for part in parts],
        empty=N_("Nobody has asked since the service started."),
        note=N_("Since the service started. Pages of this console ask too."),
    )


def _pays(visit: Visit) -> Table:
    """Return of each question the highest rung that is shipped, and what it adds."""
    verdicts = visit.serving.answering.manifest.verdicts if visit.service.current.version else {}
    rows = [
        {
            "question": str(question),
            "rung": str(verdict.rung),
            "metric": verdict.metric,
            "lift": lift(verdict.lift),
            "below": str(verdict.below),
        }
        for question, of in verdicts.items()
        for verdict in [of[rung] for rung in RungName if rung in of and of[rung].shipped][-1:]
    ]
    return Table(
        "pays",
        N_("What the best rung adds"),
        (
            Column("question", N_("Question"), CellKind.WORD, words="question"),
            Column("rung", N_("Best rung"), CellKind.WORD, words="rung"),
            Column("below", N_("Against"), CellKind.WORD, words="rung"),
            Column("metric", N_("Measured in"), CellKind.WORD, words="metric"),
            Column("lift", N_("Gain"), CellKind.LIFT),
        ),
        rows,
        empty=N_("No rung above the lowest is shipped."),
        note=N_("On later data that training had not seen; the line is the 95%% interval."),
    )


def _holdout(held: Mapping[str, Any] | None) -> Table:
    """Return what people who are not held out do more, by metric."""
    compared = held["compared"] if held and not held["complaints"] else ()
    return Table(
        "holdout",
        N_("Does it pay online?"),
        (
            Column("metric", N_("Metric")),
            Column("control", N_("Held out"), CellKind.NUMBER),
            Column("treated", N_("All others"), CellKind.NUMBER),
            Column("relative", N_("Relative lift"), CellKind.LIFT),
            Column("state", N_("Verdict"), CellKind.WORD, words="state"),
        ),
        [
            {
                "metric": one["metric"],
                "control": one["control"],
                "treated": one["treated"],
                "relative": one["relative"] if one["relative"]["value"] is not None else None,
                "state": one["state"],
            }
            for one in compared
        ],
        empty=N_("Nobody is in the holdout yet, or it is still being counted."),
        note=N_("By person, since the first answer that could have been other than popular."),
    )


def lift(found: Any) -> dict[str, Any] | None:
    """Return an estimate as tables have it; None where it was not measured."""
    if found is None:
        return None
    return {"value": found.value, "low": found.low, "high": found.high, "n": found.n}


def _alerts(visit: Visit, newest: int | None) -> Iterator[Alert]:
    service = visit.service
    if service.current.version is None:
        yield Alert(N_("No version serves."), "versions", service.current.why_not)
    elif service.current.refused:
        yield Alert(N_("A version was refused."), "versions", service.current.refused)
    if why := service.inbox.failing():
        yield Alert(N_("Events cannot be stored."), "operations", why)
    failures = service.metrics.samples("recsys_rung_failures_total")
    if failed := int(sum(value for _, value in failures)):
        yield Alert(N_("Rungs failed %(n)s times."), "operations", facts={"n": failed})
    yield from _of_experiments(visit)
    yield from _of_data(visit, newest)
    if service.current.version is not None:
        yield from _of_model(visit)


def _of_experiments(visit: Visit) -> Iterator[Alert]:
    for rung, why in visit.service.experiments.store.removed().items():
        yield Alert(N_("A rung lost online and is taken out."), "experiments", f"{rung}: {why}")
    for name, body in visit.counted.get("experiments", {}).items():
        if body["complaints"] and body["experiment"]["status"] == ExperimentStatus.RUNNING:
            why = f"{name}: {'; '.join(body['complaints'])}"
            yield Alert(N_("An experiment cannot be read."), "experiments", why)
    for name, body in visit.counted.get("experiments", {}).items():
        against = sorted({one["rung"] for one in body["rungs"] if one["past"] == "contradicts"})
        if against:
            why = f"{name}: {', '.join(against)}"
            yield Alert(N_("People contradict what past data said of a rung."), "ladder", why)


def _of_data(visit: Visit, newest: int | None) -> Iterator[Alert]:
    verdicts = {
        labels["verdict"]: value
        for labels, value in visit.service.metrics.samples("recsys_events_total")
    }
    taken = sum(verdicts.values())
    if taken and verdicts.get("rejected", 0) > taken / 20:
        share = round(100 * verdicts["rejected"] / taken)
        yield Alert(N_("%(share)s%% of the events were refused."), "data", facts={"share": share})
    if newest is not None and visit.at - newest > QUIET_HOURS * HOUR:
        days = (visit.at - newest) // DAY
        yield Alert(N_("No event for %(days)s days."), "data", facts={"days": days})


def _of_model(visit: Visit) -> Iterator[Alert]:
    manifest = visit.serving.answering.manifest
    days = (visit.at - manifest.data_until) // DAY
    if days > OLD_MODEL_DAYS:
        yield Alert(
            N_("The model knows nothing of the last %(days)s days."), "versions",
            facts={"days": days},
        )  # fmt: skip
    drift = manifest.metrics.get(Question.CHURN, {}).get("drift", {})
    if drift.get("alarm") not in (None, "none"):
        yield Alert(N_("People behave differently from those that churn was learnt from."), "churn")
    elif warnings := drift.get("warnings"):
        yield Alert(N_("Churn may be off:"), "churn", warnings[0])
