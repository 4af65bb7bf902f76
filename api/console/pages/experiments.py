"""Experiments: can we decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from api.console import planning
from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from api.messages.experiments import (
    ComparedMessage,
    ExperimentMessage,
    LiftInterval,
    ReportAnswer,
    RungLiftMessage,
)
from api.routes import experiments as answers
from recsys.errors import ExperimentState
from recsys.experiments.experiment import HOLDOUT
from recsys.storage.access.accounts import Role
from recsys.storage.access.audit import Action
from recsys.storage.experiments import holdout
from recsys.storage.experiments.forecast import check
from recsys.storage.experiments.store import ExperimentStatus, ExperimentStore, SavedExperiment


def counted(service: Any) -> dict[str, Any]:
    """Return what every experiment that was started found, by name, for pages to come."""
    known = holdout.every(service.log.database, service.config)
    return {
        name: msgspec.to_builtins(answers.read_report(service, saved))
        for name, saved in known.items()
        if saved.since is not None
    }


def found(visit: Visit, saved: SavedExperiment) -> ReportAnswer:
    """Return what an experiment found: as counted last, else by now."""
    body = visit.counted.get("experiments", {}).get(saved.experiment_id)
    if body is not None and body["experiment"]["version"] == saved.version:
        return msgspec.convert(body, ReportAnswer)
    return answers.read_report(visit.service, saved)


def show(visit: Visit) -> View:
    """Return all experiments; of one its health first, then what it found; or the form."""
    if visit.get("tries"):
        return _form(visit)
    name = visit.get("experiment")
    if not name:
        return _overview(visit)
    saved = holdout.get(visit.database, visit.service.config, name)
    report = found(visit, saved)
    return View(
        {
            "report": report,
            "forecast": ExperimentMessage.said(saved, _forecast(visit, saved)).forecast,
            "status": str(saved.status),
            "over": str(saved.experiment.over),
            "arms": [arm for arm, _ in saved.experiment.arms],
            "may_change": visit.may(Role.ADMIN) and name != HOLDOUT,
        },
        (
            _compared(report.compared, N_("The primary metric"), "primary"),
            _compared(report.compared, N_("What must not suffer"), "guardrail"),
            _compared(report.compared, N_("What else was looked at"), "exploratory"),
            rungs("rungs", report.rungs),
        ),
    )


def plan(visit: Visit) -> Response:
    """Save an experiment that the form describes; refused where eight weeks do not decide it."""
    form = planning.planned(visit, visit.form)
    if form.experiment is not None and form.forecast is not None:
        check(form.name, form.experiment, form.forecast)
        visit.note(Action.EXPERIMENTS, f"planned {form.name}")
        _store(visit).plan(form.name, form.experiment, at=visit.at)
    return visit.lead_to("experiments", experiment=form.name)


def start(visit: Visit) -> Response:
    """Let a planned experiment run."""
    name = visit.get("experiment")
    saved = _store(visit).get(name)
    if (said := _forecast(visit, saved)) is not None:
        check(name, saved.experiment, said)
    return _turned(visit, name, "started", lambda store: store.start(name, at=visit.at))


def stop(visit: Visit) -> Response:
    """Let nobody take part any more."""
    name = visit.get("experiment")
    why = visit.confirmed(name)
    return _turned(visit, name, f"stopped: {why}", lambda store: store.stop(name, at=visit.at))


def decide(visit: Visit) -> Response:
    """Note which variant won."""
    name, variant = visit.get("experiment"), visit.form.get("variant", "")
    why = visit.confirmed(name)
    said = f"decided for {variant}: {why}"
    return _turned(visit, name, said, lambda store: store.decide(name, variant, at=visit.at))


PAGE = Page(
    "experiments",
    N_("Experiments"),
    N_("Can we decide?"),
    Role.VIEWER,
    show,
    acts={
        "plan": (Role.ADMIN, plan),
        "start": (Role.ADMIN, start),
        "stop": (Role.ADMIN, stop),
        "decide": (Role.ADMIN, decide),
    },
)


def rungs(name: str, found: Sequence[RungLiftMessage]) -> Table:
    """Return what rungs add online, overall first."""
    return Table(
        name,
        N_("What each rung adds online"),
        (
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("placement", N_("Placement")),
            Column("segment", N_("Segment")),
            Column("weeks", N_("Weeks of people"), CellKind.COUNT),
            Column("lift", N_("Gain"), CellKind.LIFT),
            Column("past", N_("Past data"), CellKind.WORD, words="past"),
        ),
        [
            {
                "rung": one.rung,
                "placement": one.placement,
                "segment": one.segment,
                "weeks": one.weeks,
                "lift": drawn(one.lift, one.weeks),
                "past": one.past,
            }
            for one in found
        ],
        empty=N_("No step down has run: what each rung adds online is not measured."),
        note=N_("Who kept a rung for a week less who had it and was stepped down. A dash is all."),
    )


def drawn(lift: LiftInterval, n: int | None = None) -> dict[str, Any] | None:
    """Return a lift as tables have it; None where it was not measured."""
    if lift.value is None:
        return None
    return {"value": lift.value, "low": lift.low, "high": lift.high, "n": n}


def _turned(visit: Visit, name: str, said: str, turn: Any) -> Response:
    store = _store(visit)
    if name == HOLDOUT:
        raise ExperimentState(name, "made by the configuration", said)
    visit.note(Action.EXPERIMENTS, f"{name} {said}")
    turn(store)
    visit.service.experiments.catch_up()
    return visit.lead_to("experiments", experiment=name)


def _store(visit: Visit) -> ExperimentStore:
    return visit.service.experiments.store


def _forecast(visit: Visit, saved: SavedExperiment) -> Any:
    """Return how long a planned experiment takes; of others it is known."""
    from recsys.storage.experiments.forecast import forecast

    if saved.status is not ExperimentStatus.PLANNED:
        return None
    return forecast(visit.database, saved.experiment, now=visit.at)


def _overview(visit: Visit) -> View:
    known = holdout.every(visit.database, visit.service.config)
    listed = [saved for _, saved in sorted(known.items())]
    states = {name: body["state"] for name, body in visit.counted.get("experiments", {}).items()}
    facts = {
        "report": None,
        "form": None,
        "tries": planning.offered(visit) if visit.may(Role.ADMIN) else {},
        "removed": _store(visit).removed(),
    }
    return View(facts, (_all(listed, states),))


def _form(visit: Visit) -> View:
    tries = visit.get("tries")
    return View(
        {
            "report": None,
            "form": planning.planned(visit, visit.said),
            "question": planning.TRIES.get(tries, ""),
            "others": planning.choices(visit, tries),
            "placements": visit.service.placing.current.placements.names,
            "kinds": planning.kinds(visit),
            "measures": planning.measures(),
            "days": list(planning.DAYS),
        }
    )


def _all(listed: list[SavedExperiment], states: dict[str, str]) -> Table:
    return Table(
        "experiments",
        N_("All experiments"),
        (
            Column("experiment", N_("Name"), href="/console/experiments?experiment={experiment}"),
            Column("status", N_("State"), CellKind.WORD, words="state"),
            Column("found", N_("Verdict"), CellKind.WORD, words="state"),
            Column("over", N_("Tries"), CellKind.WORD, words="tries"),
            Column("simulated", N_("Simulated"), CellKind.WORD, words="state"),
            Column("started", N_("Started"), CellKind.TIME),
            Column("stopped", N_("Stopped"), CellKind.TIME),
            Column("decided", N_("Won")),
        ),
        [
            {
                "experiment": one.experiment_id,
                "status": str(one.status),
                "found": states.get(one.experiment_id, ""),
                "over": str(one.experiment.over),
                "simulated": "yes" if one.experiment.simulated else "no",
                "started": one.since,
                "stopped": one.until,
                "decided": one.note,
            }
            for one in listed
        ],
        empty=N_("No experiment is planned yet."),
    )


def _compared(found: list[ComparedMessage], title: str, role: str) -> Table:
    return Table(
        role,
        title,
        (
            Column("variant", N_("Variant")),
            Column("metric", N_("Metric")),
            Column("control", N_("Control"), CellKind.NUMBER),
            Column("treated", N_("Variant"), CellKind.NUMBER),
            Column("relative", N_("Relative lift"), CellKind.LIFT),
            Column("state", N_("Verdict"), CellKind.WORD, words="state"),
            Column("why", N_("Why not")),
        ),
        [
            {
                "variant": one.variant,
                "metric": one.metric,
                "control": one.control,
                "treated": one.treated,
                "relative": drawn(one.relative),
                "state": one.state,
                "why": one.relative.why,
            }
            for one in found
            if one.role == role
        ],
        empty=N_("None."),
        note=N_("The interval holds at this look, however often it is looked at."),
    )
