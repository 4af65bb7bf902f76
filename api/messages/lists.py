"""Ranked items as answers say them."""

from __future__ import annotations

from itertools import repeat
from typing import Any

from api.messages.trail import climbed
from api.messages.users import RecommendedItem, SimilarItem
from api.model.reasons import SILENCE
from api.model.served import Serving
from recsys.data.person import Person
from recsys.items.slate import Ranking, Slate
from recsys.ladder import Climb


def listed(
    climb: Climb[Slate], serving: Serving, person: Person, *, list_id: str, explain: bool
) -> dict[str, Any]:
    """Return what an answer says of which items, in which order."""
    return {
        "recommendation_id": list_id,
        **climbed(climb, explain=explain),
        "items": items(climb, serving, person, explain=explain),
    }


def items(
    climb: Climb[Slate], serving: Serving, person: Person, *, explain: bool
) -> list[RecommendedItem]:
    """Return the ranked items; empty when every rung failed."""
    if climb.answer is None:
        return []
    facts, found = serving.facts, climb.answer.items
    reasons = serving.reasons.of_items(found, person) if explain else repeat(SILENCE)
    return [
        RecommendedItem(facts[row][0], rank, score, rung, source, said, *facts[row][1:], whys)
        for (row, rank, score, rung, source, _, _), (said, whys) in zip(
            found, reasons, strict=False
        )
    ]


def similar_items(found: Ranking | None, serving: Serving) -> list[SimilarItem]:
    """Return similar items; empty when there are none."""
    if found is None:
        return []
    facts, rows = serving.facts, zip(found.item_row.tolist(), found.score.tolist(), strict=True)
    return [
        SimilarItem(facts[row][0], rank, score, found.source, *facts[row][1:])
        for rank, (row, score) in enumerate(rows, start=1)
    ]
