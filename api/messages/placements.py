"""Lists of placements: as they are answered, and what came of them."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from api.messages.message import Count, Instant, Message, Probability, UserId, told
from api.messages.users import Listed, RecommendedItem

PlacementId = Annotated[str, Meta(examples=["home"])]

Touched = Annotated[
    list[str],
    told(
        "the rules that touched it, as they stand in the placement: `boosts[0]`, `pins[0]`, "
        "`promote`, `repeats` (bought before, in a mix), `fill:caps`, `fill:popular`",
        examples=[["boosts[0]"]],
    ),
]


class PlacedItem(RecommendedItem, kw_only=True):
    """One item of a placement."""

    rules: Touched
    pscore: Annotated[
        Probability | None,
        told("probability of this item at this place, where places were drawn; null: none were"),
    ] = None


class Explored(Message):
    """Which places were drawn, and among what: see `pscore` of the items."""

    ranks: list[int]
    among: Annotated[
        list[str], told("ids, as the ranker has them: each as likely as any other at each rank")
    ]


class Interleaved(Message):
    """Two rankers in one list, by an experiment."""

    experiment: str
    teams: Annotated[
        dict[str, str],
        told("which variant proposed which item; what both rank alike at the top is nobody's"),
    ]


class PlacementItems(Listed, kw_only=True):
    """What a placement shows."""

    placement: PlacementId
    version: Annotated[int | None, told("null: none is in force, and nothing is shown")]
    user_id: UserId | None
    items: list[PlacedItem]  # type: ignore[assignment]  # with the rules
    filled_by: Annotated[list[str], told("what a short list was filled by: `caps`, `popular`")]
    bought_percent: Annotated[float | None, told("share of what the user bought before")]
    interleaved: Annotated[Interleaved | None, told("null: by one ranker")] = None
    explored: Annotated[Explored | None, told("null: no place was drawn")] = None
    next_cursor: Annotated[str | None, told("of the next page; null: there is none")] = None  # type: ignore[assignment]


class SavedPlacement(Message):
    """A version of a placement."""

    placement: PlacementId
    version: Annotated[int, told("0: built in, nobody saved it")]
    saved_at: Instant
    in_force: bool
    rules: Annotated[dict[str, Any], told("the placement, as PUT takes it")]


class PlacementsAnswer(Message):
    """All placements: of each the version in force, else the latest."""

    placements: list[SavedPlacement]


class Credit(Message):
    """What was bought after a click."""

    purchases: Count
    value: Annotated[float, told("money, less what was returned")]


class Result(Message):
    """Of the lists of one rung of one version of a placement."""

    rung: Annotated[str | None, told("null: every rung failed")]
    version: int
    lists: Count
    impressions: Count
    clicks: Count
    seen_lists: Annotated[Count, told("of which any item was seen")]
    clicked_lists: Annotated[Count, told("of which any item was clicked")]
    same_item: Annotated[Credit, told("the clicked item itself was bought")]
    any_item: Annotated[Credit, told("anything was bought")]


class ResultsAnswer(Message):
    """What came of the lists of a placement."""

    placement: PlacementId
    since: Instant
    until: Instant
    web_window_hours: float
    mail_window_hours: float
    note: str
    results: list[Result]
