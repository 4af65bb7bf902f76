"""From answers to JSON: the one shape that routes and exports share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import repeat
from typing import Any

import orjson

from api.model.served import Serving
from api.runtime.json import Json, instant
from recsys.audience import Audience
from recsys.channel.choice import ChannelChoice
from recsys.channel.send_time import SendHour
from recsys.churn.risk import ChurnRisk
from recsys.data.person import Person
from recsys.items.slate import Ranking, Slate
from recsys.ladder import Climb, Step
from recsys.segments.rule import Rule
from recsys.value.models import UserValue, ValueModels

_VALUE = (
    "as_of",
    "historic_clv",
    "predicted_clv",
    "total_clv",
    "predicted_number_of_orders",
    "average_days_between_orders",
    "average_order_value",
    "churn_probability",
    "churn_horizon_days",
    "expected_date_of_next_order",
)


def items(climb: Climb[Slate], serving: Serving, person: Person, *, explain: bool) -> list[Json]:
    """Return the ranked items; empty when every rung failed."""
    if climb.answer is None:
        return []
    facts, found = serving.facts, climb.answer.items
    reasons = serving.reasons.of_items(found, person) if explain else repeat([])
    return [
        {
            "item_id": (about := facts[row])["item_id"],
            "rank": rank,
            "score": score,
            "rung": rung,
            "source": source,
            "reasons": why,
            "title": about["title"],
            "url": about["url"],
            "image_url": about["image_url"],
            "price": about["price"],
        }
        for (row, rank, score, rung, source, _, _), why in zip(found, reasons, strict=False)
    ]


def ranking(found: Ranking | None, serving: Serving) -> list[Json]:
    """Return similar items; empty when there are none."""
    if found is None:
        return []
    facts, rows = serving.facts, zip(found.item_row.tolist(), found.score.tolist(), strict=True)
    return [
        {**facts[row], "rank": rank, "score": score, "source": found.source}
        for rank, (row, score) in enumerate(rows, start=1)
    ]


def climbed(climb: Climb[Any], *, explain: bool) -> Json:
    """Return the rung that answered, why, and the rungs asked."""
    return {
        "rung": climb.rung,
        "rung_reason": climb.reason,
        "trail": trail(climb.trail) if explain else [],
    }


def trail(steps: Sequence[Step]) -> list[Json]:
    """Return the rungs asked, highest first."""
    return [{"rung": s.rung, "reason": s.reason, "detail": s.detail} for s in steps]


def channel(climb: Climb[ChannelChoice], hour: SendHour | None, *, explain: bool) -> Json:
    """Return which channel next, and the hour for it; `best` is null when every rung failed."""
    choice = climb.answer
    if choice is None:
        nothing: Json = {"best": None, "send_at": None, "ranked": [], "simulated": False}
        nothing["send_time"] = None
        nothing["explored"] = False
        return nothing | climbed(climb, explain=explain)
    return {
        "best": choice.best,
        "send_at": None if choice.send_at is None else instant(choice.send_at),
        "send_time": None if hour is None else {**asdict(hour), "at": instant(hour.at)},
        **climbed(climb, explain=explain),
        "ranked": [
            {
                "channel": arm.channel,
                "p": arm.p,
                "low": arm.low,
                "high": arm.high,
                "expected_value": arm.expected_value,
                "eligible": arm.eligible,
                "reason": arm.reason,
                "propensity": arm.pscore,
            }
            for arm in choice.ranked
        ],
        "simulated": choice.simulated,
        "explored": choice.explored,
    }


def churn(climb: Climb[ChurnRisk], *, explain: bool) -> Json:
    """Return how likely to churn; `p` is null when every rung failed."""
    risk = climb.answer
    if risk is None:
        unknown = dict.fromkeys(("p", "low", "high", "band", "score", "horizon_days"))
        return {**unknown, "reasons": [], **climbed(climb, explain=explain)}
    return {
        "p": risk.p,
        "low": risk.low,
        "high": risk.high,
        "band": risk.band,
        "score": risk.score,
        "horizon_days": risk.horizon_days,
        "reasons": _churn_reasons(risk) if explain else [],
        **climbed(climb, explain=explain),
    }


def value(found: UserValue | None, risk: Json | None, models: ValueModels, *, denied: str) -> Json:
    """Return what a user was and will be worth; all null where nobody may look.

    `predicted_clv` and `predicted_number_of_orders` are those of the longest horizon.
    """
    if found is None or risk is None:
        return {**dict.fromkeys(_VALUE), "forecasts": [], "flags": [], "reason": denied}
    last = found.expected[-1] if found.expected else None
    return {
        "as_of": instant(models.taken_at),
        "historic_clv": found.historic,
        "predicted_clv": last and last.value,
        "total_clv": last and found.historic + last.value,
        "predicted_number_of_orders": last and last.orders,
        "average_days_between_orders": found.usual_days,
        "average_order_value": found.order_value,
        "churn_probability": risk["p"],
        "churn_horizon_days": risk["horizon_days"],
        "expected_date_of_next_order": (
            None if found.next_order_at is None else instant(found.next_order_at)
        ),
        "forecasts": [
            {
                "days": each.days,
                "predicted_number_of_orders": each.orders,
                "predicted_clv": each.value,
                "low": each.low,
                "high": each.high,
            }
            for each in found.expected
        ],
        "flags": list(models.flags),
        "reason": found.because,
    }


def membership(belonging: Audience, place: int, cohorts: Mapping[str, Rule]) -> Json:
    """Return where a person belongs: the segment of each family, and the cohorts with why."""
    found = {name: (rule, belonging.decide(rule)) for name, rule in cohorts.items()}
    return {
        **belonging.segments(place),
        "cohorts": [
            {"name": name, "decided_by": rule.leaves[decision.leaf[place]].path}
            for name, (rule, decision) in found.items()
            if decision.inside[place]
        ],
    }


def dump(value: Any) -> bytes:
    """Return a rendered answer as JSON bytes; not-a-number is null."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def _churn_reasons(risk: ChurnRisk) -> list[Json]:
    return [
        {"group": reason.group, "words": reason.words, "contribution": reason.contribution}
        for reason in sorted(
            (*risk.reasons_for, *risk.reasons_against), key=lambda reason: -abs(reason.contribution)
        )
    ]
