"""A training run, one line a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import orjson

from recsys.algorithms.threads import one_thread
from recsys.bundle import Bundle, Manifest
from recsys.channel.models import ChannelModels
from recsys.churn.models import ChurnModels
from recsys.cli.clock import of_service
from recsys.config import Config
from recsys.engines import Engine, opened
from recsys.engines.engine import Progress, Usage
from recsys.evaluation.per_user import PerUser
from recsys.ladder import Question
from recsys.segments.table import SegmentTable
from recsys.storage.events.log import EventLog
from recsys.storage.models.store import ModelStore
from recsys.value.models import ValueModels
from training import channel, churn, gate, items, segments, trials, value
from training.channel.fit import ChannelChoiceParams
from training.churn.choose import ChurnChoice
from training.data import TrainingData
from training.gate import GateVerdict
from training.items.choice import ItemChoice
from training.items.ready import ReadyFor
from training.items.relevance import with_relevant_kind
from training.load import load
from training.measurement import Measurement
from training.measurement import told as paused
from training.progress import MeasuredSteps, StepCost, Steps
from training.segments.fit import Grouping

LIBRARIES = ("implicit", "numpy", "scikit-learn", "scipy")


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """What a run came to.

    Attributes
    ----------
    version : str
        The registered model version.
    gate : GateVerdict
        Whether it was promoted, and why (not).
    measurements : tuple of Measurement
        One per question.
    manifest : Manifest
        As registered.
    warnings : tuple of str
        What makes it doubtful how far the measurements carry.
    costs : tuple of StepCost
        What each step took; not part of the manifest, which is the same for the same data.
    """

    version: str
    gate: GateVerdict
    measurements: tuple[Measurement, ...]
    manifest: Manifest
    warnings: tuple[str, ...] = ()
    costs: tuple[StepCost, ...] = ()


def run(config: Config, log: EventLog, store: ModelStore, *, now: int, steps: Steps) -> TrainingRun:
    """Load, measure, fit, register, gate, promote.

    Parameters
    ----------
    config : Config
        Same data, configuration and seed give the same version.
    log, store
        Where the data come from, and where the version goes.
    steps : Steps
        Told of every step.
    now : int
        Written to the store's history, never into the model (microseconds).

    Raises
    ------
    NothingToLearnFrom
        The log has no interactions.
    """
    measured = MeasuredSteps(steps, Usage.own)
    measured.begin("load")
    data = load(log, config)
    config = with_relevant_kind(config, data.interactions)
    measured.detail(f"a good list leads to a {config.relevant_kind}")
    # Sums in the same order on any machine; more is done at once by processes.
    with (
        opened(config.training, n_events=len(data.interactions)) as engine,
        one_thread(),
    ):
        measured.used = lambda: engine.used
        choices, measurements = _measured(data, config, measured, engine)
        measured.begin("refit on everything")
        data = data.as_known_now()
        bundle, groups = _refitted(data, choices, measurements, config, engine)
        measured.end()
    manifest = _manifest(data, config, choices, measurements, groups)

    measured.begin("register")
    name = store.register(bundle, manifest, at=now)
    measured.begin("gate against the champion")
    verdict = gate.settle(store, name, bundle, config=config, at=now)
    begun: tuple[str, ...] = ()
    if verdict.promote:
        of_items = manifest.verdicts[Question.ITEMS]
        begun = trials.begin(
            log.database, of_items, kind=config.relevant_kind, at=_served(config, now)
        )
    measured.detail(f"on trial: {', '.join(begun)}" if begun else "no new trial")
    measured.end()
    pause = paused(data.interactions, days=config.items.test_days)
    warnings = (pause,) if pause else ()
    return TrainingRun(name, verdict, measurements, manifest, warnings, tuple(measured.costs))


def _served(config: Config, now: int) -> int:
    """Return the time at which a trial begins: by the clock of the service that gives it out."""
    return of_service(config) if config.serving.clock_start else now


class _Choices(NamedTuple):
    """What each question chose on validation data."""

    items: ItemChoice
    churn: ChurnChoice
    channel: ChannelChoiceParams


Known = tuple[TrainingData, Config]


def _measured(
    data: TrainingData, config: Config, steps: Steps, engine: Engine
) -> tuple[_Choices, tuple[Measurement, ...]]:
    """Return what each question chose, and how its ladder did."""
    known: Known = data, config
    churn_later = engine.aside(_churn_measured, known)
    channel_later = engine.aside(_channel_measured, known)
    steps.begin("items: choose, and measure each rung against the one below")
    item_choice, of_items = items.measure(data, config, progress=steps.detail, engine=engine)
    steps.begin("churn: choose, and measure each rung against the one below")
    churn_choice, of_churn = churn_later(steps.detail)
    steps.begin("channel: choose, and measure each rung against the one below")
    channel_choice, of_channel = channel_later(steps.detail)
    choices = _Choices(item_choice, churn_choice, channel_choice)
    return choices, (of_items, of_churn, of_channel)


def _churn_measured(known: Known, progress: Progress) -> tuple[ChurnChoice, Measurement]:
    return churn.measure(*known, progress=progress)


def _channel_measured(known: Known, progress: Progress) -> tuple[ChannelChoiceParams, Measurement]:
    return channel.measure(*known, progress=progress)


def _refitted(
    data: TrainingData,
    choices: _Choices,
    measurements: tuple[Measurement, ...],
    config: Config,
    engine: Engine,
) -> tuple[Bundle, Grouping]:
    """Return all that is served, fitted on everything by what was chosen."""
    at = data.interactions.end
    table = segments.fit_table(data, config, at=at)
    known = data, config, table, choices
    value_later = engine.aside(_value_fitted, known)
    others_later = engine.aside(_churn_and_channel_fitted, known)
    everybody = ReadyFor(engine=engine)
    item_models = items.fit(data, table, choices.items, config, at=at, ready_for=everybody)
    churn_models, groups, channel_models = others_later(_silent)
    bundle = Bundle(
        interactions=replace(data.interactions, occasions=None),
        catalogue=data.catalogue,
        segments=table,
        groups=groups.groups,
        items=item_models,
        churn=churn_models,
        value=value_later(_silent),
        channel=channel_models,
        judged=tuple(_judged(m, data) for m in measurements),
    )
    return bundle, groups


Chosen = tuple[TrainingData, Config, SegmentTable, _Choices]


def _value_fitted(chosen: Chosen, progress: Progress) -> ValueModels:  # noqa: ARG001 - in one go
    data, config, _, _ = chosen
    kind = config.churn.critical_kind
    return value.fit(data.interactions, kind, config, at=data.interactions.end)


def _churn_and_channel_fitted(
    chosen: Chosen,
    progress: Progress,  # noqa: ARG001 - in one go
) -> tuple[ChurnModels, Grouping, ChannelModels]:
    data, config, table, choices = chosen
    at = data.interactions.end
    churn_models = churn.fit(data, table, choices.churn, config, at=at)
    groups = segments.fit(data, table, churn_models, config, at=at)
    return churn_models, groups, channel.fit(data, table, choices.channel, config, at=at)


def _silent(text: str) -> None:
    pass


def _judged(measurement: Measurement, data: TrainingData) -> PerUser:
    return PerUser.of(
        measurement.question,
        measurement.metric,
        window_start=measurement.window_start,
        users=data.interactions.users,
        user_row=measurement.user_row,
        figure=measurement.figure,
    )


def _manifest(
    data: TrainingData,
    config: Config,
    choices: _Choices,
    measurements: tuple[Measurement, ...],
    groups: Grouping,
) -> Manifest:
    return Manifest(
        data_until=data.interactions.end,
        watermark=data.watermark,
        fingerprint=data.fingerprint,
        counts={
            "users": len(data.interactions.users),
            "items": len(data.interactions.items),
            "interactions": len(data.interactions),
            "messages": len(data.messages),
        },
        simulated=("messages",) if data.messages.simulated else (),
        config=config.of_models(),
        choices={
            Question(name): _without_arrays(asdict(choice))
            for name, choice in choices._asdict().items()
        },
        verdicts={m.question: m.verdicts for m in measurements},
        metrics={
            **{m.question: _plain(m.metrics) for m in measurements},
            "segments": _plain(groups.metrics),
        },
        libraries={name: version(name) for name in LIBRARIES},
        store=data.store,
    )


def _without_arrays(value: Any) -> Any:
    """Return a tree without its arrays: they are kept in the bundle, not in the manifest."""
    if isinstance(value, Mapping):
        kept = {key: each for key, each in value.items() if not isinstance(each, np.ndarray)}
        return {key: _without_arrays(each) for key, each in kept.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_without_arrays(each) for each in value)
    return value


def _plain(metrics: Mapping[str, Any]) -> Any:
    """Return `metrics` as JSON has them, so that a manifest reads the same before and after."""
    return orjson.loads(orjson.dumps(metrics, option=orjson.OPT_NON_STR_KEYS))
