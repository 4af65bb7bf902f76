"""A training run, one line a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import orjson

from recsys.bundle import Bundle, Manifest
from recsys.config import Config
from recsys.evaluation.per_user import PerUser
from recsys.ladder import Question
from recsys.storage.events.log import EventLog
from recsys.storage.models.store import ModelStore
from training import channel, churn, gate, items, segments, value
from training.channel.fit import ChannelChoiceParams
from training.churn.choose import ChurnChoice
from training.data import TrainingData
from training.gate import GateVerdict
from training.items.choice import ItemChoice
from training.items.relevance import with_relevant_kind
from training.load import load
from training.measurement import Measurement
from training.measurement import told as paused
from training.progress import Steps
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
    """

    version: str
    gate: GateVerdict
    measurements: tuple[Measurement, ...]
    manifest: Manifest
    warnings: tuple[str, ...] = ()


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
    steps.begin("load")
    data = load(log, config)
    config = with_relevant_kind(config, data.interactions)
    steps.detail(f"a good list leads to a {config.relevant_kind}")

    steps.begin("items: choose, and measure each rung against the one below")
    item_choice, item_measurement = items.measure(data, config, progress=steps.detail)
    steps.begin("churn: choose, and measure each rung against the one below")
    churn_choice, churn_measurement = churn.measure(data, config, progress=steps.detail)
    steps.begin("channel: choose, and measure each rung against the one below")
    channel_choice, channel_measurement = channel.measure(data, config, progress=steps.detail)
    choices = _Choices(item_choice, churn_choice, channel_choice)
    measurements = (item_measurement, churn_measurement, channel_measurement)

    steps.begin("refit on everything")
    data = data.as_known_now()
    bundle, groups = _refitted(data, choices, measurements, config)
    manifest = _manifest(data, config, choices, measurements, groups)

    steps.begin("register")
    name = store.register(bundle, manifest, at=now)
    steps.begin("gate against the champion")
    verdict = gate.judge(store, name, bundle, config=config)
    if verdict.promote:
        store.promote(name, at=now, why="; ".join(verdict.why))
    else:
        store.refuse(name, at=now, why="; ".join(verdict.why))
    pause = paused(data.interactions, days=config.items.test_days)
    return TrainingRun(name, verdict, measurements, manifest, (pause,) if pause else ())


class _Choices(NamedTuple):
    """What each question chose on validation data."""

    items: ItemChoice
    churn: ChurnChoice
    channel: ChannelChoiceParams


def _refitted(
    data: TrainingData, choices: _Choices, measurements: tuple[Measurement, ...], config: Config
) -> tuple[Bundle, Grouping]:
    """Return all that is served, fitted on everything by what was chosen."""
    at = data.interactions.end
    table = segments.fit_table(data, config, at=at)
    churn_models = churn.fit(data, table, choices.churn, config, at=at)
    groups = segments.fit(data, table, churn_models, config, at=at)
    bundle = Bundle(
        interactions=replace(data.interactions, occasions=None),
        catalogue=data.catalogue,
        segments=table,
        groups=groups.groups,
        items=items.fit(data, table, choices.items, config, at=at),
        churn=churn_models,
        value=value.fit(data.interactions, config.churn.critical_kind, config, at=at),
        channel=channel.fit(data, table, choices.channel, config, at=at),
        judged=tuple(_judged(m, data) for m in measurements),
    )
    return bundle, groups


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
        config=config.model_dump(mode="json", exclude={"storage", "serving"}),
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
