"""All sections together."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, field_validator

from recsys.config.data import USUAL_KINDS, Data, Kind, Privacy, Segments, Storage
from recsys.config.questions import Channels, Churn, Items, Training
from recsys.config.section import Section
from recsys.config.serving import Serving


class Config(Section):
    """All of it."""

    storage: Storage = Storage()
    data: Data = Data()
    kinds: Mapping[str, Kind] = Field(
        USUAL_KINDS, description="the kinds of interactions there are, besides the usual ones"
    )
    items: Items = Items()
    churn: Churn = Churn()
    channels: Channels = Channels()
    segments: Segments = Segments()
    privacy: Privacy = Privacy()
    training: Training = Training()
    serving: Serving = Serving()

    @field_validator("kinds", mode="before")
    @classmethod
    def _besides_the_usual(cls, given: object) -> object:
        return {**USUAL_KINDS, **given} if isinstance(given, Mapping) else given
