"""The choice of settings on held-out items: a walk along one setting after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.algorithms import als, spectral
from recsys.algorithms.als import AlsFactors
from recsys.algorithms.histories import Histories
from recsys.algorithms.spectral import Basis, SpectralSettings
from training.benchmark import measuring
from training.benchmark.model import Model, Settings
from training.benchmark.outcome import Steps

Made = TypeVar("Made")

USERS = 1_000
"""Most users that a setting is tried on."""

COMPONENTS = (16, 32, 64, 128, 256, 512)

USERS_A_COMPONENT = 50
"""Where the walk along the components starts."""

STEPS: Sequence[tuple[str, str, Sequence[float]]] = (
    ("spectral", "out_exponent", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)),
    ("spectral", "in_exponent", (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)),
    ("spectral", "user_exponent", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)),
    ("spectral", "soft", (0.0, 0.5, 1.0, 2.0)),
    ("spectral", "low_pass", (0.0, 0.2, 0.4, 0.8, 1.6)),
    ("spectral", "components", COMPONENTS),
    ("spectral", "edges", (30, 100, 300, 1_000)),
    ("als", "factors", (32, 64, 128)),
    ("als", "regularization", (5.0, 20.0, 80.0)),
    ("", "als_share", (0.0, 0.2, 0.4, 0.8, 1.6)),
)
"""What is walked, in this order, from the defaults on: part, setting, values."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best settings met.

    Attributes
    ----------
    settings : Settings
        The winner.
    ndcg : float
        On the users it was chosen on: a little flattering.
    tried : int
        Settings tried.
    """

    settings: Settings
    ndcg: float
    tried: int

    def __str__(self) -> str:
        return f"{self.settings} ({self.tried} tried, NDCG {self.ndcg:.4f} where chosen)"


@dataclass(slots=True)
class Trial:
    """Fits and measures settings; what two settings have in common is worked out once.

    Attributes
    ----------
    histories : Histories
        Of all users, without what is held out.
    asked : Histories
        Of the users asked.
    wanted : Histories
        What was held out of them.
    k : int
        Length of the lists.
    seed : int
    threads : int
    """

    histories: Histories
    asked: Histories
    wanted: Histories
    k: int
    seed: int
    threads: int
    _kept: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def ndcg(self, settings: Settings) -> float:
        """Return the mean NDCG@k on the users asked."""
        model = Model(
            graph=spectral.graph(
                self.histories,
                self._together(settings.spectral),
                self._basis(settings.spectral) if settings.spectral.low_pass else None,
                settings.spectral,
                threads=self.threads,
                of_items=self.asked.item_row,
            ),
            factors=self._factors(settings) if settings.als_share else None,
            share=settings.als_share,
            popularity=spectral.popularity(self.histories),
        )
        lists = model.rank(self.asked, self.k, threads=self.threads)
        return measuring.figures(lists, self.wanted)[f"NDCG@{self.k}"]

    def _together(self, settings: SpectralSettings) -> csr_array:
        exponent = settings.user_exponent
        return self._once("together", exponent, lambda: spectral.co_taken(self.histories, exponent))

    def _basis(self, settings: SpectralSettings) -> Basis:
        most = replace(settings, components=COMPONENTS[-1])
        return self._once(
            "basis",
            settings.item_exponent,
            lambda: spectral.decompose(self.histories, most, seed=self.seed),
        )

    def _factors(self, settings: Settings) -> AlsFactors:
        chosen = settings.als
        return self._once("als", chosen, lambda: als.fit(self.histories, chosen, seed=self.seed))

    def _once(self, name: str, key: Any, make: Callable[[], Made]) -> Made:
        """Return what was made last under this name if it was for the same key."""
        if name not in self._kept or self._kept[name][0] != key:
            self._kept.pop(name, None)
            self._kept[name] = (key, make())
        made: Made = self._kept[name][1]
        return made


def search(trials: Sequence[Trial], steps: Steps) -> Found:
    """Walk along each setting as long as it gets better; deterministic, no more than one round.

    A setting is as good as its mean over the trials, which differ in what they hold out.
    The graph is walked without factors, the factors with the graph found.
    """
    wished = min(len(trials[0].histories), trials[0].histories.n_items) / USERS_A_COMPONENT
    components = min(COMPONENTS, key=lambda number: abs(number - wished))
    settings = _with(Settings(als_share=0.0), "spectral", "components", components)
    best = _measured(trials, Found(settings, 0.0, 0), settings)
    for part, name, values in STEPS:
        if part != "spectral" and not best.settings.als_share:
            best = _better(best, _measured(trials, best, replace(best.settings, als_share=0.4)))
        best = _walk(trials, best, (part, name, values), steps)
    return best


def _walk(
    trials: Sequence[Trial], best: Found, along: tuple[str, str, Sequence[float]], steps: Steps
) -> Found:
    part, name, values = along
    if part == "als" and not best.settings.als_share:
        return best
    for direction in (1, -1):
        at = values.index(_value(best.settings, part, name)) + direction
        while 0 <= at < len(values):
            steps.detail(f"{best.tried} tried, NDCG {best.ndcg:.4f}; {name} {values[at]:g}")
            found = _measured(trials, best, _with(best.settings, part, name, values[at]))
            better = found.ndcg > best.ndcg
            best = _better(best, found)
            if not better:
                break
            at += direction
    return best


def _measured(trials: Sequence[Trial], best: Found, settings: Settings) -> Found:
    ndcg = sum(trial.ndcg(settings) for trial in trials) / len(trials)
    return Found(settings, ndcg, best.tried + 1)


def _better(best: Found, found: Found) -> Found:
    return found if found.ndcg > best.ndcg else replace(best, tried=found.tried)


def _value(settings: Settings, part: str, name: str) -> float:
    value: float = getattr(getattr(settings, part) if part else settings, name)
    return value


def _with(settings: Settings, part: str, name: str, value: float) -> Settings:
    change: dict[str, Any] = {name: value}
    if not part:
        return replace(settings, **change)
    return replace(settings, **{part: replace(getattr(settings, part), **change)})


def asked_users(wanted: Histories, *, seed: int) -> NDArray[np.int32]:
    """Return at most ``USERS`` users of whom something is held out, ascending."""
    found = np.flatnonzero(np.diff(wanted.indptr)).astype(np.int32)
    picked = np.random.default_rng(seed).permutation(found)[:USERS]
    return np.sort(picked)
