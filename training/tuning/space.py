"""Which settings are searched, over which values, and how they become a configuration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.trial import BaseTrial

from recsys.algorithms.als import AlsSettings
from recsys.config import Config
from recsys.data.interactions import Interactions
from training.items.choice import ItemChoice

Values = Mapping[str, float | int | str]
"""Settings by their dotted key."""


@dataclass(frozen=True, slots=True)
class Number:
    """A setting between two bounds, drawn on a logarithmic scale, to three digits."""

    low: float
    high: float
    whole: bool = False
    sign: int = 1

    def drawn(self, trial: BaseTrial, key: str) -> float | int:
        """Return a value of a trial."""
        if self.whole:
            return int(trial.suggest_int(key, int(self.low), int(self.high), log=True))
        drawn = float(trial.suggest_float(key, self.low, self.high, log=True))
        return math.copysign(float(f"{drawn:.3g}"), self.sign)

    def parameter(self, value: Any) -> float | int:
        """Return what the search knows a value by, moved between the bounds."""
        inside = float(min(max(abs(value), self.low), self.high))
        return round(inside) if self.whole else inside


@dataclass(frozen=True, slots=True)
class OneOf:
    """A setting with a few values."""

    values: tuple[float | str, ...]

    def drawn(self, trial: BaseTrial, key: str) -> float | str:
        """Return a value of a trial."""
        drawn = trial.suggest_categorical(key, self.values)
        return self.values[self.values.index(drawn)]

    def parameter(self, value: Any) -> float | str:
        """Return what the search knows a value by: the first where it is none of them."""
        return value if value in self.values else self.values[0]


SEARCHED: Mapping[str, Number | OneOf] = {
    "items.half_life_days": Number(2, 120),
    "items.model.half_life_days": Number(20, 1_500),
    "items.model.weighting": OneOf(("bm25", "cosine", "tfidf", "spectral")),
    "items.model.neighbours": Number(20, 300, whole=True),
    "items.model.factors": Number(32, 192, whole=True),
    "items.model.alpha": Number(0.5, 60),
    "items.model.regularization": Number(0.5, 200),
}
CAPS = OneOf((0.0, 1.0, 2.0, 5.0))
HALF_LIVES = OneOf((0.0, 7.0, 30.0, 90.0))


@dataclass(frozen=True, slots=True)
class Space:
    """All settings that are searched, by dotted key, in a fixed order."""

    settings: Mapping[str, Number | OneOf]

    @classmethod
    def of(cls, interactions: Interactions, config: Config) -> Space:
        """Return the settings that can matter: those of kinds without an event cannot.

        The weight of the critical kind stays as it is: only what others weigh beside it matters.
        """
        happened = {interactions.kinds[row] for row in np.unique(interactions.kind).tolist()}
        settings = dict(SEARCHED)
        for kind in sorted(happened & set(config.kinds)):
            settings.update(_of_kind(kind, config))
        return cls(settings)

    def drawn(self, trial: BaseTrial) -> Values:
        """Return the settings of a trial."""
        return {key: setting.drawn(trial, key) for key, setting in self.settings.items()}

    def parameters(self, values: Values) -> dict[str, Any]:
        """Return what the search knows some settings by."""
        return {key: self.settings[key].parameter(value) for key, value in values.items()}


def applied(config: Config, values: Values) -> Config:
    """Return the configuration with some settings changed."""
    tree = config.model_dump()
    for key, value in values.items():
        place = tree
        *sections, name = parts(key)
        for section in sections:
            place = place[section]
        place[name] = value
    return Config.model_validate(tree)


def present(space: Space, config: Config, choice: ItemChoice) -> Values:
    """Return the settings in force; where training chooses itself, what it chose."""
    tree = config.model_dump()
    chosen = _chosen(choice)
    return {key: _at(tree, key) or chosen.get(key, 0.0) for key in space.settings}


def parts(key: str) -> Sequence[str]:
    """Return the sections and the name of a dotted key; the name of a kind may hold dots."""
    if key.startswith("kinds."):
        first, rest = key.split(".", 1)
        return first, *rest.rsplit(".", 1)
    return key.split(".")


def _of_kind(kind: str, config: Config) -> Iterator[tuple[str, Number | OneOf]]:
    weight = config.kinds[kind].weight
    if kind != config.churn.critical_kind:
        yield f"kinds.{kind}.weight", Number(0.02, 3.0, sign=-1 if weight < 0 else 1)
        yield f"kinds.{kind}.half_life_days", HALF_LIVES
    if weight > 0:
        yield f"kinds.{kind}.cap", CAPS


def _chosen(choice: ItemChoice) -> dict[str, Any]:
    factors = next(
        (t.settings for t in choice.trials if isinstance(t.settings, AlsSettings)),
        AlsSettings(64, 5.0, 20.0),
    )
    return {
        "items.half_life_days": choice.popular_half_life_days,
        "items.model.half_life_days": choice.half_life_days,
        "items.model.weighting": choice.graph.weighting,
        "items.model.neighbours": choice.graph.neighbours,
        "items.model.factors": factors.factors,
        "items.model.alpha": factors.alpha,
        "items.model.regularization": factors.regularization,
    }


def _at(tree: Mapping[str, Any], key: str) -> Any:
    place: Any = tree
    for name in parts(key):
        place = place[name]
    return place
