"""What a user was worth, and is expected to be worth, as answers say it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from api.messages.churn import Churn
from api.messages.climb import About
from api.messages.message import Message, Probability, told
from api.runtime.json import instant
from recsys.value.models import UserValue, ValueModels

NOT_PROFILED = "this user denied profiling, or nothing is known of the consent"


Flag = Annotated[
    str, Meta(extra_json_schema={"enum": ["few_users", "no_dropout_seen", "seasons_unknown"]})
]


class Forecast(Message, frozen=True):
    """What is expected of a user in the days ahead."""

    days: Annotated[int, Meta(examples=[30, 90, 365])]
    predicted_number_of_orders: Annotated[float, Meta(ge=0, description="days with an order")]
    predicted_clv: Annotated[float, Meta(ge=0)]
    low: Annotated[float | None, told("the money itself falls into low..high, not its mean")]
    high: float | None


class Value(Message, frozen=True, kw_only=True):
    """What a user was worth, and is expected to be worth; null: not known, or not allowed."""

    as_of: Annotated[str | None, told("the snapshot that the forecasts start from")] = None
    historic_clv: Annotated[float | None, told("all orders so far less returns")] = None
    predicted_clv: Annotated[float | None, told("of the longest forecast, 365 days")] = None
    total_clv: Annotated[float | None, told("historic and predicted")] = None
    predicted_number_of_orders: Annotated[float | None, told("of the longest forecast")] = None
    average_days_between_orders: float | None = None
    average_order_value: float | None = None
    churn_probability: Annotated[Probability | None, told("as `/churn` answers it")] = None
    churn_horizon_days: int | None = None
    expected_date_of_next_order: Annotated[
        str | None,
        told("when another order is as likely as not; null: never even odds"),
    ] = None
    forecasts: tuple[Forecast, ...] = ()
    flags: tuple[Flag, ...] = ()
    reason: str

    @classmethod
    def of(cls, found: UserValue, churn: Churn, models: ValueModels) -> Value:
        """Return what a user was and will be worth, by forecasts and by the risk of churn."""
        last = found.expected[-1] if found.expected else None
        next_at = found.next_order_at
        return cls(
            as_of=instant(models.taken_at),
            historic_clv=found.historic,
            predicted_clv=last.value if last else None,
            total_clv=found.historic + last.value if last else None,
            predicted_number_of_orders=last.orders if last else None,
            average_days_between_orders=found.usual_days,
            average_order_value=found.order_value,
            churn_probability=churn.p,
            churn_horizon_days=churn.horizon_days,
            expected_date_of_next_order=None if next_at is None else instant(next_at),
            forecasts=tuple(
                Forecast(e.days, e.orders, e.value, e.low, e.high) for e in found.expected
            ),
            flags=models.flags,
            reason=found.because,
        )


class ValueAnswer(About, frozen=True):
    """What a user is worth."""

    value: Value
