"""An experiment as it is saved: what is compared, among whom, and what decides."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from recsys.config.section import Section
from recsys.errors import BadQuery, BadRule
from recsys.ladder import RungName

LONGEST_DAYS = 56
"""What cannot be decided in eight weeks is not started."""

SHORTEST_DAYS = 14
"""Two whole weeks: people of Mondays differ from people of Saturdays."""

HOLDOUT = "holdout"
"""The name of the permanent holdout, which the configuration makes."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


class Over(StrEnum):
    """What an experiment is about: what its variants differ in."""

    PLACEMENT = "placement"
    ITEMS = "items"
    CHANNEL = "channel"
    MODEL = "model"
    INTERLEAVE = "interleave"
    STEP_DOWN = "step_down"
    STEP_UP = "step_up"


STEPS = (Over.STEP_DOWN, Over.STEP_UP)
"""Those that draw anew for each person and week, and have the variants kept and stepped."""


AT_PLACEMENT = (Over.PLACEMENT, Over.INTERLEAVE)
"""Those that are about the lists of one placement."""


class Variant(Section):
    """One way of answering; what it does not name stays as it is."""

    name: str = Field(pattern=NAME)
    weight: float = Field(gt=0, le=1, description="share of those who take part")
    placement: str = Field("", description="this placement's rules instead of those asked for")
    ceiling: RungName | None = Field(None, description="highest rung that is asked")
    model: str = Field("", description="this model version instead of the champion")
    arms: tuple[str, ...] = Field((), description="only these channels, and none; empty: all")


class Measure(StrEnum):
    """What is made of a person's events of a kind."""

    CONVERSION = "conversion"
    COUNT = "count"
    VALUE = "value"


class Metric(Section):
    """What is counted of each person from exposure to the end of the window."""

    kind: str = Field(min_length=1, description="kind of events")
    measure: Measure = Field(Measure.CONVERSION, description="any of them, how many, or money")
    per: str = Field("", description="kind of events that it is divided by; empty: by people")
    up_is_good: bool = Field(default=True, description="whether more is better")

    @property
    def title(self) -> str:
        """Its name in a report."""
        return f"{self.kind} {self.measure}" + (f" per {self.per}" if self.per else "")


CLICKS = Metric(kind="click")
"""What decides an interleaving: whose items people click more often."""


class Experiment(Section):
    """All that is said of an experiment, but its name."""

    over: Over = Field(description="what the variants differ in")
    variants: tuple[Variant, ...] = Field((), max_length=5, description="the first is the control")
    placement: str = Field(
        "", description="with placement or interleave: the one that is asked for"
    )
    coverage: float = Field(1.0, gt=0, le=1, description="share of people who take part")
    epsilon: float = Field(
        0.02, gt=0, le=0.5, description="with steps: share of person-weeks that step"
    )
    rung: RungName | None = Field(None, description="with step_up: the one that is tried")
    trial: bool = Field(
        default=False, description="with step_up: only people for whom the rung is on trial"
    )
    layer: str = Field("", pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]{0,63})?$", description="of others")
    slots: tuple[int, int] = Field((0, 1000), description="of the layer: from, and until before")
    segment: str = Field("", description="only people in this segment")
    cohort: str = Field("", description="only people in this cohort of cohorts.json")
    primary: Metric = Field(description="what decides")
    guardrails: tuple[Metric, ...] = Field((), max_length=3, description="what must not be harmed")
    others: tuple[Metric, ...] = Field((), max_length=10, description="to explore")
    window_days: Literal[0, 7, 14, 28] = Field(
        7, description="people are watched so long; 0, of endless ones: until now"
    )
    days: int = Field(
        28, ge=SHORTEST_DAYS, le=LONGEST_DAYS, description="until it is decided; whole weeks"
    )
    looks: int = Field(4, ge=1, le=5, description="at which it may be decided")
    mde: float = Field(0.05, gt=0, le=10, description="smallest relative lift worth seeing")
    simulated: bool = Field(
        default=False, description="made up, people and outcomes: nobody is drawn, no measurement"
    )
    endless: bool = Field(default=False, description="no horizon: a confidence sequence decides")

    @model_validator(mode="before")
    @classmethod
    def _clicks_decide_an_interleaving(cls, said: Any) -> Any:
        if isinstance(said, Mapping) and said.get("over") == Over.INTERLEAVE:
            return {"primary": CLICKS, **said}
        return said

    @field_validator("slots")
    @classmethod
    def _slots_are_a_range(cls, slots: tuple[int, int]) -> tuple[int, int]:
        if not 0 <= slots[0] < slots[1] <= 1000:
            raise ValueError("from and until before, within 0 and 1000")
        return slots

    @field_validator("days")
    @classmethod
    def _weeks_are_whole(cls, days: int) -> int:
        if days % 7:
            raise ValueError("whole weeks: a multiple of 7")
        return days

    @model_validator(mode="after")
    def _is_possible(self) -> Experiment:
        if self.over in STEPS:
            if self.variants:
                raise ValueError(f"{self.over} has its own variants: kept and stepped")
            if self.window_days != 7:
                raise ValueError("window_days of a step is 7: it is drawn anew each week")
        else:
            _check_variants(self.variants, self.over)
        if not self.window_days and not self.endless:
            raise ValueError("window_days of 0 is for endless ones: there is no end to wait for")
        if (self.over is Over.STEP_UP) != (self.rung is not None):
            raise ValueError("rung is named where a step up tries one, and only there")
        if self.trial and self.over is not Over.STEP_UP:
            raise ValueError("trial is said of a step up only")
        return self

    @model_validator(mode="after")
    def _is_at_a_placement(self) -> Experiment:
        if (self.over in AT_PLACEMENT) != bool(self.placement):
            raise ValueError("placement is named where the experiment is over one, and only there")
        if self.over is Over.INTERLEAVE and (len(self.variants) != 2 or self.primary != CLICKS):
            raise ValueError("an interleaving is of two variants, and clicks decide it")
        return self

    @property
    def arms(self) -> tuple[tuple[str, float], ...]:
        """The names of the variants, control first, and their shares of who takes part."""
        if self.over in STEPS:
            return (KEPT, 1 - self.epsilon), (STEPPED, self.epsilon)
        if self.over is Over.INTERLEAVE:
            return ((DRAFTED, 1.0),)
        return tuple((one.name, one.weight) for one in self.variants)

    def variant(self, name: str) -> Variant | None:
        """Return what a variant changes; None of a step."""
        return next((one for one in self.variants if one.name == name), None)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All metrics, the one that decides first."""
        return (self.primary, *self.guardrails, *self.others)

    def said(self) -> dict[str, Any]:
        """Return what :func:`read` reads: all fields, defaults included."""
        return self.model_dump(mode="json")


_CHANGES = ("placement", "ceiling", "model", "arms")
KEPT, STEPPED, DRAFTED = "kept", "stepped", "drafted"

_MAY = {
    Over.PLACEMENT: {"placement", "ceiling"},
    Over.ITEMS: {"ceiling"},
    Over.CHANNEL: {"ceiling", "arms"},
    Over.MODEL: {"model"},
    Over.INTERLEAVE: {"ceiling"},
}


def _check_variants(variants: tuple[Variant, ...], over: Over) -> None:
    names = [one.name for one in variants]
    if len(names) < 2 or len({*names}) < len(names):
        raise ValueError("variants: at least 2, each name once")
    if not math.isclose(sum(one.weight for one in variants), 1.0, abs_tol=1e-9):
        raise ValueError("variants: weights that add up to 1")
    for variant in variants:
        for name in _CHANGES:
            if getattr(variant, name) and name not in _MAY[over]:
                allowed = ", ".join(sorted(_MAY[over]))
                raise ValueError(f"{name} of variant {variant.name}: over {over} it is {allowed}")
    if len({tuple(getattr(one, name) for name in _CHANGES) for one in variants}) < len(names):
        raise ValueError("variants: no two of them do the same")


def read(found: Mapping[str, Any] | Any) -> Experiment:
    """Read an experiment from JSON.

    Raises
    ------
    BadRule
        Names the place in the JSON, what stands there and what is allowed.
    """
    try:
        return Experiment.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
    path = "experiment" + "".join(
        f"[{one}]" if isinstance(one, int) else f".{one}" for one in first["loc"]
    )
    if first["type"] == "extra_forbidden":
        raise BadRule(path, first["input"], "no such field") from None
    allowed = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    raise BadRule(path, first["input"], allowed) from None


def checked_name(experiment_id: object) -> str:
    """Return the name of an experiment to be saved.

    Raises
    ------
    BadQuery
        It could not stand in an address as it is, or is that of the permanent holdout.
    """
    if experiment_id == HOLDOUT:
        raise BadQuery("experiment_id", HOLDOUT, "another: experiments.holdout_percent makes it")
    if not isinstance(experiment_id, str) or re.fullmatch(NAME, experiment_id) is None:
        allowed = "1 to 64 letters, digits, - and _, a letter or digit first"
        raise BadQuery("experiment_id", experiment_id, allowed)
    return experiment_id
