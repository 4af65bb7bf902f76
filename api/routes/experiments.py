"""Experiments: planned, started, stopped, decided and read."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from api.messages.experiments import (
    ExperimentMessage,
    ExperimentsAnswer,
    LiftInterval,
    ReportAnswer,
    RungLiftMessage,
)
from api.requests.query import NO_NAMES
from api.web.keys import Right
from api.web.route import Body, Call, Route, route
from recsys.errors import BadQuery
from recsys.experiments.experiment import STEPS, checked_name, read
from recsys.ladder import Question
from recsys.storage.experiments import holdout

if TYPE_CHECKING:
    from api.service import Service
    from recsys.storage.experiments.forecast import PowerForecast
    from recsys.storage.experiments.store import ExperimentStore, SavedExperiment

_ALL = "/v1/experiments"
_ONE = f"{_ALL}/{{experiment_id}}"
_EXAMPLE = {
    "experiment_id": "step-down",
    "over": "step_down",
    "primary": {"kind": "purchase", "measure": "value"},
    "mde": 0.1,
}

about_experiments = partial(route, tag="experiments", right=Right.READ, takes=NO_NAMES)
changing = partial(about_experiments, right=Right.ADMIN, runs="thread", may=(404, 409))


@about_experiments(f"GET {_ALL}", ExperimentsAnswer, runs="store")
def experiments(service: Service, _: Call) -> ExperimentsAnswer:
    """List all experiments, and the rungs that lost online."""
    known = holdout.every(service.log.database, service.config)
    found = [ExperimentMessage.said(saved) for _, saved in sorted(known.items())]
    return ExperimentsAnswer(found, _store(service).removed())


@about_experiments(f"GET {_ONE}", ExperimentMessage, runs="thread", may=(404,))
def experiment(service: Service, call: Call) -> ExperimentMessage:
    """Tell what an experiment is, and how long it takes at this site's traffic."""
    saved = _get(service, call.id)
    return ExperimentMessage.said(saved, _forecast(service, saved))


@about_experiments(f"GET {_ONE}/report", ReportAnswer, runs="thread", may=(404,))
def report(service: Service, call: Call) -> ReportAnswer:
    """Tell what an experiment found, by intervals that hold at this look.

    An unhealthy experiment has no verdict. `holdout` is that of `experiments.holdout_percent`.
    """
    return read_report(service, _get(service, call.id))


def read_report(service: Service, saved: SavedExperiment) -> ReportAnswer:
    """Return what an experiment found by now."""
    from recsys.storage.experiments import outcomes

    found = outcomes.read(service.log.database, saved, now=service.clock())
    return ReportAnswer.of(saved, found, _rungs(service, saved))


@about_experiments(
    f"POST {_ALL}",
    ExperimentMessage,
    right=Right.ADMIN,
    may=(409,),
    body=Body({"type": "object", "required": ["experiment_id", "over", "primary"]},
              {"a step down": _EXAMPLE}),
)  # fmt: skip
async def plan(service: Service, call: Call) -> ExperimentMessage:
    """Save an experiment that is not started yet; changed, it is a new version with a new draw."""
    said = await call.body(service.config.serving)
    name = checked_name(said.pop("experiment_id", None))
    wanted = read(said)
    save = partial(_store(service).plan, name, wanted, at=service.clock())
    saved = await asyncio.to_thread(save)
    return ExperimentMessage.said(saved, await asyncio.to_thread(_forecast, service, saved))


@changing(f"POST {_ONE}/start", ExperimentMessage)
def start(service: Service, call: Call) -> ExperimentMessage:
    """Let a planned experiment run; refused where it would not be decided in eight weeks."""
    from recsys.storage.experiments.forecast import check

    store = _store(service)
    saved = store.get(call.id)
    said = _forecast(service, saved)
    check(call.id, saved.experiment, said)
    started = store.start(call.id, at=service.clock())
    service.experiments.catch_up()
    return ExperimentMessage.said(started, said)


@changing(f"POST {_ONE}/stop", ExperimentMessage)
def stop(service: Service, call: Call) -> ExperimentMessage:
    """Let nobody take part any more; what came of who did is read on."""
    stopped = _store(service).stop(call.id, at=service.clock())
    service.experiments.catch_up()
    return ExperimentMessage.said(stopped)


@about_experiments(
    f"POST {_ONE}/decide",
    ExperimentMessage,
    right=Right.ADMIN,
    may=(404, 409),
    body=Body({"type": "object", "required": ["variant"]}, {"the second": {"variant": "tea"}}),
)
async def decide(service: Service, call: Call) -> ExperimentMessage:
    """Note which variant won: the experiment ends."""
    said = await call.body(service.config.serving)
    variant = said.get("variant")
    if not isinstance(variant, str):
        raise BadQuery("variant", variant, "the name of one")
    turn = partial(_store(service).decide, call.id, variant, at=service.clock())
    decided = await asyncio.to_thread(turn)
    await asyncio.to_thread(service.experiments.catch_up)
    return ExperimentMessage.said(decided)


ROUTES: tuple[Route, ...] = (experiments, report, start, stop, decide, experiment, plan)


def _rungs(service: Service, saved: SavedExperiment) -> list[RungLiftMessage]:
    from recsys.storage.experiments import steps

    if saved.experiment.over not in STEPS:
        return []
    served, past = service.current.served, {}
    if served is not None and not saved.experiment.simulated:
        verdicts = served.answering.manifest.verdicts.get(Question.ITEMS, {})
        past = {str(rung): verdict.lift for rung, verdict in verdicts.items()}
    return [
        RungLiftMessage.copy_of(
            one,
            lift=LiftInterval.said(one.lift),
            past=steps.past_said(one.lift, past.get(one.rung)),
        )
        for one in steps.lifts(service.log.database, saved, now=service.clock())
    ]


def _store(service: Service) -> ExperimentStore:
    return service.experiments.store


def _get(service: Service, name: str) -> SavedExperiment:
    return holdout.get(service.log.database, service.config, name)


def _forecast(service: Service, saved: SavedExperiment) -> PowerForecast:
    from recsys.storage.experiments.forecast import forecast

    return forecast(service.log.database, saved.experiment, now=service.clock())
