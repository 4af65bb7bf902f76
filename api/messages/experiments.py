"""Experiments: what was saved, how long it takes, what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from api.messages.message import Count, Instant, Message, instant_or_none, told
from recsys.evaluation.estimate import Estimate, NotMeasured

if TYPE_CHECKING:
    # Loaded only by who reads an experiment: they load what fits as well.
    from recsys.experiments.report import Compared, Report
    from recsys.storage.experiments.forecast import PowerForecast
    from recsys.storage.experiments.store import SavedExperiment

ExperimentId = Annotated[str, Meta(examples=["home-test"])]


class ForecastMessage(Message):
    """How long an experiment takes, by the last four weeks."""

    mean: Annotated[float, told("of the primary metric, of who was active within its window")]
    people_a_day: float
    people_each: Annotated[int, told("that each variant needs; 0: nobody did anything")]
    days: Annotated[int, told("whole weeks until it is decided")]
    seen_at_horizon: Annotated[float | None, told("smallest relative lift seen by then")]
    decidable: Annotated[bool, told("whether that is within eight weeks")]

    @classmethod
    def said(cls, forecast: PowerForecast) -> ForecastMessage:
        """Return what is told of a forecast."""
        seen = forecast.seen_at_horizon
        return cls.copy_of(forecast, seen_at_horizon=None if seen == float("inf") else seen)


class ExperimentMessage(Message, kw_only=True):
    """An experiment as it stands."""

    experiment: ExperimentId
    version: Annotated[int, told("1, 2… each time that it was saved differently: a new draw")]
    status: Annotated[str, told("planned, running, stopped or decided")]
    started_at: Instant | None
    stopped_at: Instant | None
    decided: Annotated[str | None, told("the variant that won")]
    rules: Annotated[dict[str, Any], told("what was saved, defaults included")]
    forecast: ForecastMessage | None = None

    @classmethod
    def said(
        cls, saved: SavedExperiment, forecast: PowerForecast | None = None
    ) -> ExperimentMessage:
        """Return what is told of an experiment."""
        return cls(
            experiment=saved.experiment_id,
            version=saved.version,
            status=str(saved.status),
            started_at=instant_or_none(saved.since),
            stopped_at=instant_or_none(saved.until),
            decided=saved.note or None,
            rules=saved.experiment.said(),
            forecast=None if forecast is None else ForecastMessage.said(forecast),
        )


class ExperimentsAnswer(Message):
    """All experiments."""

    experiments: list[ExperimentMessage]
    removed_rungs: Annotated[dict[str, str], told("rungs that lost online, and why")]


class LiftInterval(Message):
    """An estimate, or why there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: Annotated[str | None, told("why it could not be measured")] = None

    @classmethod
    def said(cls, found: Estimate | NotMeasured) -> LiftInterval:
        """Return what is told of an estimate."""
        if isinstance(found, NotMeasured):
            return cls(why=found.why)
        return cls(found.value, found.low, found.high)


class ComparedMessage(Message, kw_only=True):
    """A variant against the control, by one metric."""

    variant: str
    metric: str
    role: Annotated[str, told("primary, guardrail or exploratory")]
    control: float
    treated: float
    absolute: LiftInterval
    relative: Annotated[LiftInterval, told("as a share; the interval holds at this look")]
    p: Annotated[float | None, told("of one look; Holm's, exploratory Benjamini and Hochberg's")]
    variance_left: Annotated[float, told("after the adjustment by what people did before")]
    chance: Annotated[float | None, told("a belief that it is better; allows no peeking by itself")]
    loss: Annotated[float | None, told("expected relative loss by choosing it")]
    state: str
    words: str

    @classmethod
    def said(cls, one: Compared) -> ComparedMessage:
        """Return what is told of a comparison."""
        return cls.copy_of(
            one,
            absolute=LiftInterval.said(one.absolute),
            relative=LiftInterval.said(one.relative),
            chance=one.reading.chance if one.reading else None,
            loss=one.reading.loss if one.reading else None,
            state=str(one.found.state),
            words=one.found.words,
        )


class RungLiftMessage(Message, kw_only=True):
    """What a rung adds online, for each person-week of a step."""

    rung: str
    placement: Annotated[str, told("empty: all placements")]
    segment: Annotated[str, told("empty: all segments")]
    weeks: Annotated[int, told("person-weeks whose window is over")]
    lift: Annotated[LiftInterval, told("with the rung less without it, in the primary metric")]
    past: Annotated[
        str | None, told("what past data said: agrees, contradicts or unclear; null: nothing")
    ]


class ReportAnswer(Message, kw_only=True):
    """An experiment at this instant."""

    experiment: ExperimentMessage
    state: str
    words: str
    days: Count
    days_left: Count
    people: Annotated[dict[str, int], told("by variant, whose answers could differ")]
    multiple: Annotated[int, told("people with two variants: they are left out")]
    srm: Annotated[float | None, told("p-value of the counts; below .001 it is unhealthy")]
    srm_trend: list[float]
    complaints: list[str]
    compared: list[ComparedMessage]
    rungs: Annotated[list[RungLiftMessage], told("of a step: overall, by placement, by segment")]

    @classmethod
    def of(
        cls, saved: SavedExperiment, report: Report, rungs: list[RungLiftMessage]
    ) -> ReportAnswer:
        """Return what is told of a report."""
        return cls(
            experiment=ExperimentMessage.said(saved),
            state=str(report.state.state),
            words=report.state.words,
            days=report.days,
            days_left=report.days_left,
            people=dict(report.people),
            multiple=report.health.multiple,
            srm=report.health.srm,
            srm_trend=list(report.health.srm_trend),
            complaints=list(report.health.complaints),
            compared=[ComparedMessage.said(one) for one in report.compared],
            rungs=rungs,
        )
