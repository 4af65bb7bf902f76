"""Experiments."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from recsys.config.section import Section


class Experiments(Section):
    """Experiments on live traffic; `recsys experiments` plans and starts them."""

    holdout_percent: float = Field(
        0.0, ge=0, le=10, description="of people who get popular items and no explored channel"
    )
    holdout_salt: str = Field(
        "", description="any random text: who is held out; another one draws anew, say yearly"
    )

    @model_validator(mode="after")
    def _has_a_salt(self) -> Self:
        if self.holdout_percent and not self.holdout_salt:
            raise ValueError("holdout_percent needs a holdout_salt: any random text")
        return self
