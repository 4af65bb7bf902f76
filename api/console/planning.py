"""The form that plans an experiment: what is asked for each thing that may be tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from api.console.visit import Visit
from api.console.words import N_
from recsys.errors import BadQuery
from recsys.experiments.experiment import (
    AT_PLACEMENT,
    LONGEST_DAYS,
    SHORTEST_DAYS,
    Experiment,
    Measure,
    Over,
    checked_name,
    read,
)
from recsys.ladder import RungName
from recsys.storage.experiments.forecast import PowerForecast, forecast
from recsys.storage.models.store import ModelStore, Registered

TRIES: Mapping[str, str] = {
    Over.STEP_DOWN: N_("What does each rung add? Some people get one rung less for a week."),
    Over.ITEMS: N_("All rungs, or none above one?"),
    Over.INTERLEAVE: N_("Whose items do people click: all rungs, or none above one?"),
    Over.CHANNEL: N_("All channels, or only one?"),
    Over.MODEL: N_("The version that serves, or another?"),
    Over.PLACEMENT: N_("The rules of a placement, or those of another?"),
}
"""What may be tried by the form, and the question that it answers."""

DAYS = range(SHORTEST_DAYS, LONGEST_DAYS + 1, 7)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a form says so far.

    Attributes
    ----------
    name : str
        Of the experiment; empty: not said yet.
    experiment : Experiment or None
        None while the form is not filled in.
    forecast : Forecast or None
        How long it will take at this traffic.
    """

    name: str
    experiment: Experiment | None = None
    forecast: PowerForecast | None = None


def planned(visit: Visit, said: Mapping[str, str]) -> Planned:
    """Read a form, and tell how long the experiment will take.

    Raises
    ------
    BadQuery, BadRule
        Something that is said is not allowed.
    StoreUnavailable
        The store cannot be read.
    """
    name = said.get("name", "").strip()
    if not name:
        return Planned("")
    experiment = read(_said(said))
    checked_name(name)
    return Planned(name, experiment, forecast(visit.database, experiment, now=visit.at))


def choices(visit: Visit, tries: str) -> Sequence[str]:
    """Return what the second variant may be: a rung, a channel, a version or a placement.

    Raises
    ------
    BadQuery
        It is nothing that the form tries.
    """
    if tries not in TRIES:
        raise BadQuery("tries", tries, ", ".join(TRIES))
    service = visit.service
    placements = service.placing.current.placements.names
    found: Mapping[str, Sequence[str]] = {
        Over.STEP_DOWN: (),
        Over.ITEMS: _rungs(),
        Over.INTERLEAVE: _rungs(),
        Over.CHANNEL: sorted(service.config.channels.arms),
        Over.MODEL: _versions(visit),
        Over.PLACEMENT: [*placements[1:], *placements[:1]],
    }
    return found[Over(tries)]


def offered(visit: Visit) -> Mapping[str, str]:
    """Return what of ``TRIES`` has something to be tried against what is as it is."""
    least = {Over.CHANNEL: 2, Over.PLACEMENT: 2}
    return {
        tries: question
        for tries, question in TRIES.items()
        if tries == Over.STEP_DOWN or len(choices(visit, tries)) >= least.get(Over(tries), 1)
    }


def kinds(visit: Visit) -> list[str]:
    """Return the kinds that may decide: those of which there are events, the critical one first."""
    config, seen = visit.service.config, visit.serving.answering.bundle.interactions
    there = {seen.kinds[kind] for kind in np.unique(seen.kind).tolist()}
    others = [kind for kind in config.kinds if kind in there - {config.churn.critical_kind}]
    return [config.churn.critical_kind, *others]


def measures() -> list[str]:
    """Return what may be made of a person's events."""
    return [str(one) for one in Measure]


def _rungs() -> list[str]:
    return [str(name) for name in RungName if name is not RungName.HYPER]


def _versions(visit: Visit) -> list[str]:
    store = ModelStore.of(visit.service.config.storage)
    known = [one.version for one in store.list() if isinstance(one, Registered)]
    return [one for one in known if one != visit.service.current.version]


def _said(said: Mapping[str, str]) -> dict[str, Any]:
    """Return the experiment in JSON, as the API takes it."""
    tries, other = said.get("tries", ""), said.get("other", "")
    found: dict[str, Any] = {
        "over": tries,
        "primary": {"kind": said.get("kind", ""), "measure": said.get("measure", "conversion")},
        "mde": _share(said, "mde", "5"),
        "days": _whole(said, "days", 28),
    }
    if tries == Over.STEP_DOWN:
        return {**found, "epsilon": _share(said, "share", "2")}
    changes: Mapping[str, dict[str, Any]] = {
        Over.ITEMS: {"ceiling": other},
        Over.INTERLEAVE: {"ceiling": other},
        Over.CHANNEL: {"arms": [other]},
        Over.MODEL: {"model": other},
        Over.PLACEMENT: {"placement": other},
    }
    variants = [
        {"name": "as_is", "weight": 0.5},
        {"name": "other", "weight": 0.5, **changes.get(tries, {})},
    ]
    if tries in AT_PLACEMENT:
        found["placement"] = said.get("placement", "")
    if tries == Over.PLACEMENT and other == found["placement"]:
        raise BadQuery("other", other, "another placement than the one it is tried at")
    if tries == Over.INTERLEAVE:
        del found["primary"]
    return {**found, "variants": variants, "coverage": _share(said, "share", "100")}


def _share(said: Mapping[str, str], name: str, usual: str) -> float:
    """Return a share that is said in percent."""
    text = said.get(name, "").strip() or usual
    try:
        return float(text.replace(",", ".")) / 100
    except ValueError as error:
        raise BadQuery(name, text, "a number of percent") from error


def _whole(said: Mapping[str, str], name: str, usual: int) -> int:
    text = said.get(name, "").strip() or str(usual)
    if not (text.isascii() and text.isdigit()):
        raise BadQuery(name, text, "a whole number")
    return int(text)
