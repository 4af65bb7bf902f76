"""A placement as it is saved: which list, of what, by which rules, from when until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import AwareDatetime, Field, ValidationError, field_validator, model_validator

from recsys.config.section import Section
from recsys.errors import BadRule
from recsys.placements.fields import ItemFields
from recsys.placements.filter import MAX_DEPTH, Filter, check, find, is_deep

MOST_ITEMS = 200
"""Longest list of a placement."""

MOST_RULES = 50

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


class ListSource(StrEnum):
    """What a list is made of."""

    PERSONAL = "personal"
    SIMILAR = "similar"
    TOGETHER = "together"
    POPULAR = "popular"
    SEGMENT = "segment"
    RECENT = "recent"


class Boost(Section):
    """Some items count more, or less; none is added, none taken away."""

    filter: Filter
    factor: float = Field(ge=0.1, le=10.0, description="the score is multiplied by it")


class Pin(Section):
    """An item has its rank, where it passes what is hard."""

    item_id: str = Field(min_length=1)
    rank: int = Field(strict=True, ge=1, le=MOST_ITEMS)


class Promotion(Section):
    """Some items get a share of the places, spread evenly."""

    filter: Filter
    percent: int = Field(strict=True, ge=1, le=100, description="of the places")


class Exploration(Section):
    """Some places are drawn among candidates, so that the log can judge other rankers."""

    percent: int = Field(strict=True, ge=1, le=50, description="of the places, rounded up")
    tail: int = Field(
        20, strict=True, ge=1, le=100, description="candidates behind the list that may be drawn"
    )


class Placement(Section):
    """All that is said of a placement, but its name.

    Every rule is optional. The order in which they act is that of :mod:`recsys.placements.arrange`.
    """

    source: ListSource = Field(ListSource.PERSONAL, description="what the list is made of")
    limit: int = Field(
        10, strict=True, ge=1, le=MOST_ITEMS, description="items, where a request names no limit"
    )
    filter: Filter | None = Field(None, description="only such items")
    boosts: tuple[Boost, ...] = Field((), max_length=MOST_RULES)
    pins: tuple[Pin, ...] = Field((), max_length=MOST_RULES)
    promote: Promotion | None = None
    caps: Mapping[str, int] = Field(
        default_factory=dict, description="most items that have the same value of a field"
    )
    repeats: Literal["allow", "exclude", "only", "mix"] = Field(
        "allow", description="what becomes of items that the user bought before"
    )
    bought_percent: int = Field(
        30,
        strict=True,
        ge=0,
        le=100,
        description="with repeats mix: share of items that were bought before",
    )
    bought_days: float = Field(
        0.0, ge=0, le=36_500, description="nothing that was bought within so many days"
    )
    fill: bool = Field(default=True, description="whether a short list is filled; see filled_by")
    explore: Exploration | None = Field(
        None, description="places that are drawn, for users who allow profiling"
    )
    starts: AwareDatetime | None = Field(None, alias="from", description="in force from then on")
    until: AwareDatetime | None = Field(None, description="and until just before then")

    @model_validator(mode="before")
    @classmethod
    def _is_shallow(cls, found: Any) -> Any:
        rules = found if isinstance(found, Mapping) else {}
        several = rules.get("boosts")
        boosts = several if isinstance(several, list) else []
        for rule in ({"filter": rules.get("filter")}, rules.get("promote"), *boosts):
            if isinstance(rule, Mapping) and is_deep(rule.get("filter")):
                raise ValueError(f"filters at most {MAX_DEPTH} levels deep")
        return found

    @field_validator("caps")
    @classmethod
    def _caps_are_positive(cls, caps: Mapping[str, int]) -> Mapping[str, int]:
        if any(most < 1 for most in caps.values()):
            raise ValueError("at least 1 item for each field")
        return caps

    @model_validator(mode="after")
    def _is_possible(self) -> Placement:
        if self.starts and self.until and self.until <= self.starts:
            raise ValueError("until has to be later than from")
        ranks, ids = ([getattr(pin, n) for pin in self.pins] for n in ("rank", "item_id"))
        if len({*ranks}) < len(ranks) or len({*ids}) < len(ids):
            raise ValueError("pins: each rank once and each item once")
        if self.explore and self.caps:
            raise ValueError("explore or caps: a draw would pass over caps")
        return self

    def in_force(self, at: datetime) -> bool:
        """Return whether it holds at an instant."""
        return not (self.starts and at < self.starts) and not (self.until and at >= self.until)

    def said(self) -> dict[str, Any]:
        """Return what :func:`read` reads: all fields, defaults included."""
        return self.model_dump(mode="json", by_alias=True)


def read(found: Any) -> Placement:
    """Read a placement from JSON.

    Raises
    ------
    BadRule
        Names the place in the JSON, what stands there and what is allowed.
    """
    try:
        return Placement.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
    path = _path(first["loc"])
    if first["type"] == "extra_forbidden":
        raise BadRule(path, first["input"], f"no such field; {', '.join(_NAMES)}") from None
    allowed = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    raise BadRule(path, first["input"], allowed) from None


_NAMES = [field.alias or name for name, field in Placement.model_fields.items()]


def _path(places: tuple[int | str, ...]) -> str:
    path, before = "placement", ""
    for place in places:
        # Pydantic names the kind of a filter or of a value where JSON has no name for it.
        if place == "condition" or place == before or before == "value":
            continue
        path += f"[{place}]" if isinstance(place, int) else f".{place}"
        before = str(place)
    return path


def check_against(placement: Placement, fields: ItemFields) -> None:
    """Refuse what the catalogue does not have: an error when saved beats an empty list.

    Raises
    ------
    BadRule
        A field or a pinned item does not exist, or a value is of the wrong kind.
    """
    if placement.filter is not None:
        check(placement.filter, fields, "placement.filter")
    for number, boost in enumerate(placement.boosts):
        check(boost.filter, fields, f"placement.boosts[{number}].filter")
    if placement.promote is not None:
        check(placement.promote.filter, fields, "placement.promote.filter")
    for name in placement.caps:
        find(name, fields, f"placement.caps.{name}")
    for number, pin in enumerate(placement.pins):
        if fields.items.row(pin.item_id) is None:
            where = f"placement.pins[{number}].item_id"
            raise BadRule(where, pin.item_id, "an item of the catalogue")
