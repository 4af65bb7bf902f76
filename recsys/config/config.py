"""All sections together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from recsys.config.data import USUAL_KINDS, Data, Kind, Privacy, Segments, Storage
from recsys.config.experiments import Experiments
from recsys.config.questions import Channels, ChurnSection, Items, Training
from recsys.config.section import Section
from recsys.config.serving import ServingSection

NOT_OF_MODELS: Mapping[str, bool | set[str]] = {
    "storage": True,
    "serving": True,
    "data": {"lake"},
    "training": {"engine", "processes", "spark"},
}
"""What a model does not depend on: where it is kept, how it is served and on what it was made."""


class Config(Section):
    """All of it."""

    storage: Storage = Storage()
    data: Data = Data()
    kinds: Mapping[str, Kind] = Field(
        USUAL_KINDS, description="the kinds of interactions there are, besides the usual ones"
    )
    items: Items = Items()
    churn: ChurnSection = ChurnSection()
    channels: Channels = Channels()
    segments: Segments = Segments()
    privacy: Privacy = Privacy()
    training: Training = Training()
    experiments: Experiments = Experiments()
    serving: ServingSection = ServingSection()

    def of_models(self) -> dict[str, Any]:
        """Return all that a model depends on, ready for JSON."""
        return self.model_dump(mode="json", exclude=NOT_OF_MODELS)

    @property
    def relevant_kind(self) -> str:
        """What a good list leads to: that of `items`, else the critical kind of churn."""
        return self.items.relevant_kind or self.churn.critical_kind

    @field_validator("kinds", mode="before")
    @classmethod
    def _besides_the_usual(cls, given: object) -> object:
        return {**USUAL_KINDS, **given} if isinstance(given, Mapping) else given
