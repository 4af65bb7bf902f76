"""Experiments: can we decide."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from api.console.table import Column, Kind, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from api.messages.experiments import ComparedMessage, ExperimentMessage
from api.routes import experiments as answers
from recsys.storage.access.accounts import Role


def show(visit: Visit) -> View:
    """Return all experiments; of one its health first, then what it found."""
    name = visit.get("experiment")
    if not name:
        found = _asked(visit, answers.experiments, "")
        return View({"report": None, "removed": found.removed_rungs}, (_all(found.experiments),))
    report = _asked(visit, answers.report, name)
    plan = _asked(visit, answers.experiment, name)
    return View(
        {"report": report, "plan": plan},
        (
            _compared(report.compared, N_("The primary metric"), "primary"),
            _compared(report.compared, N_("What must not suffer"), "guardrail"),
            _compared(report.compared, N_("What else was looked at"), "exploratory"),
        ),
    )


PAGE = Page("experiments", N_("Experiments"), N_("Can we decide?"), Role.VIEWER, show)


def _asked(visit: Visit, route: Any, name: str) -> Any:
    """Return what the API answers."""
    return route.handler(visit.service, SimpleNamespace(id=name))


def _all(found: list[ExperimentMessage]) -> Table:
    return Table(
        "experiments",
        N_("All experiments"),
        (
            Column("experiment", N_("Name"), href="/console/experiments?experiment={experiment}"),
            Column("status", N_("State"), Kind.WORD, words="state"),
            Column("over", N_("Tries")),
            Column("started", N_("Started")),
            Column("stopped", N_("Stopped")),
            Column("decided", N_("Won")),
        ),
        [
            {
                "experiment": one.experiment,
                "status": one.status,
                "over": one.rules.get("over"),
                "started": one.started_at,
                "stopped": one.stopped_at,
                "decided": one.decided,
            }
            for one in found
        ],
        empty=N_("No experiment is planned yet: they are planned by the API."),
    )


def _compared(found: list[ComparedMessage], title: str, role: str) -> Table:
    return Table(
        role,
        title,
        (
            Column("variant", N_("Variant")),
            Column("metric", N_("Metric")),
            Column("control", N_("Control"), Kind.NUMBER),
            Column("treated", N_("Variant"), Kind.NUMBER),
            Column("relative", N_("Relative lift"), Kind.LIFT),
            Column("words", N_("Verdict")),
        ),
        [
            {
                "variant": one.variant,
                "metric": one.metric,
                "control": one.control,
                "treated": one.treated,
                "relative": None
                if one.relative.value is None
                else {
                    "value": one.relative.value, "low": one.relative.low,
                    "high": one.relative.high, "n": None,
                },
                "words": one.words or one.relative.why,
            }
            for one in found
            if one.role == role
        ],
        empty=N_("None."),
        note=N_("The interval holds at this look, however often it is looked at."),
    )  # fmt: skip
