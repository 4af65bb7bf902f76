"""Ranked items, as answers say them."""

from __future__ import annotations

from itertools import repeat
from typing import Annotated

from msgspec import Meta

from api.messages.climb import Listed
from api.messages.message import Instant, Message, Paged, Version, told
from api.model.served import Serving
from recsys.data.person import Person
from recsys.items.slate import Ranking, Slate
from recsys.ladder import Climb, RungName

ItemId = Annotated[str, Meta(examples=["22423"])]
Rank = Annotated[int, Meta(ge=1)]
Score = Annotated[float, told("comparable within one rung of one answer only")]
Source = Annotated[str, told("which algorithm proposed it", examples=["one_to_one"])]
Title = Annotated[str, Meta(examples=["REGENCY CAKESTAND 3 TIER"])]
Price = Annotated[float | None, Meta(examples=[12.75])]


class RecommendedItem(Message, frozen=True):
    """One item of an answer."""

    item_id: ItemId
    rank: Rank
    score: Score
    rung: RungName
    source: Source
    reasons: Annotated[
        list[str], Meta(examples=[["because you bought ROSES REGENCY TEACUP AND SAUCER"]])
    ]
    title: Title
    url: str
    image_url: str
    price: Price


class SimilarItem(Message, frozen=True):
    """One item that the users of another take too."""

    item_id: ItemId
    rank: Rank
    score: Score
    source: Source
    title: Title
    url: str
    image_url: str
    price: Price


class SimilarAnswer(Paged, frozen=True):
    """What the users of an item also take."""

    item_id: str
    model_version: Version
    generated_at: Instant
    items: list[SimilarItem]


class ItemsAnswer(Listed, frozen=True):
    """Which items, in which order."""

    user_id: str
    items: list[RecommendedItem]


class SegmentItemsAnswer(Listed, frozen=True):
    """Which items for anybody in a segment."""

    segment: str
    items: list[RecommendedItem]


class BatchAnswer(Paged, frozen=True):
    """One answer for each user, in the order given."""

    answers: list[ItemsAnswer]


def items(
    climb: Climb[Slate], serving: Serving, person: Person, *, explain: bool
) -> list[RecommendedItem]:
    """Return the ranked items; empty when every rung failed."""
    if climb.answer is None:
        return []
    facts, found = serving.facts, climb.answer.items
    reasons = serving.reasons.of_items(found, person) if explain else repeat([])
    return [
        RecommendedItem(item_id, rank, score, rung, source, why, title, url, image_url, price)
        for (row, rank, score, rung, source, _, _), why in zip(found, reasons, strict=False)
        for item_id, title, url, image_url, price in (facts[row],)
    ]


def similar_items(found: Ranking | None, serving: Serving) -> list[SimilarItem]:
    """Return similar items; empty when there are none."""
    if found is None:
        return []
    facts, rows = serving.facts, zip(found.item_row.tolist(), found.score.tolist(), strict=True)
    return [
        SimilarItem(item_id, rank, score, found.source, title, url, image_url, price)
        for rank, (row, score) in enumerate(rows, start=1)
        for item_id, title, url, image_url, price in (facts[row],)
    ]
