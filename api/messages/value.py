"""What a user was worth, and is expected to be worth."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from msgspec import Meta, field

from api.messages.churn import Churn
from api.messages.message import Message, Probability, instant_or_none, told
from api.messages.reasons import Reason as Given
from api.messages.reasons import why
from recsys.value.models import UserValue, ValueModels


class Forecast(Message):
    """What is expected of a user in the days ahead."""

    days: Annotated[int, Meta(examples=[30, 90, 365])]
    predicted_number_of_orders: Annotated[float, told("days with an order", ge=0)]
    predicted_clv: Annotated[float, Meta(ge=0)]
    low: Annotated[float | None, told("the money itself falls into low..high, not its mean")]
    high: float | None


Flag = Literal["few_users", "no_dropout_seen", "seasons_unknown"]


class Value(Message, kw_only=True):
    """What a user was worth, and is expected to be worth; null: not known, or not allowed."""

    as_of: Annotated[str | None, told("the snapshot that the forecasts start from")] = None
    historic_clv: Annotated[float | None, told("all orders so far less returns")] = None
    predicted_clv: Annotated[float | None, told("of the longest forecast, 365 days")] = None
    total_clv: Annotated[float | None, told("historic and predicted")] = None
    predicted_number_of_orders: float | None = None
    average_days_between_orders: float | None = None
    average_order_value: float | None = None
    churn_probability: Annotated[Probability | None, told("as `/churn` answers it")] = None
    churn_horizon_days: int | None = None
    expected_date_of_next_order: Annotated[
        str | None, told("when another order is as likely as not; null: never even odds")
    ] = None
    forecasts: list[Forecast] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    reason: Annotated[str, told("in English")]
    why: Given = None

    @classmethod
    def said(cls, found: UserValue, risk: Churn, models: ValueModels) -> Self:
        """Return a user's value; what is predicted is of the longest horizon."""
        last = found.expected[-1] if found.expected else None
        return cls(
            as_of=instant_or_none(models.taken_at),
            historic_clv=found.historic,
            predicted_clv=last.value if last else None,
            total_clv=found.historic + last.value if last else None,
            predicted_number_of_orders=last.orders if last else None,
            average_days_between_orders=found.usual_days,
            average_order_value=found.order_value,
            churn_probability=risk.p,
            churn_horizon_days=risk.horizon_days,
            expected_date_of_next_order=instant_or_none(found.next_order_at),
            forecasts=[Forecast(e.days, e.orders, e.value, e.low, e.high) for e in found.expected],
            flags=list(models.flags),  # type: ignore[arg-type]
            reason=str(found.because),
            why=why(found.because),
        )
