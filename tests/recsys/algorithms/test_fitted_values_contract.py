"""What every algorithm that is fitted must do, whatever it foretells: found by walking them all."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import recsys.algorithms
from recsys.algorithms import (
    additive,
    als,
    content_neighbours,
    listwise,
    neighbours,
    spectral,
    trees,
)
from recsys.algorithms.additive import AdditiveSettings
from recsys.algorithms.als import AlsSettings
from recsys.algorithms.lifetime import bgnbd, gamma_gamma
from recsys.algorithms.neighbours import NeighbourSettings
from recsys.algorithms.sessions import features, knn
from recsys.algorithms.sessions.knn import SessionSettings
from recsys.algorithms.sessions.transitions import TransitionSettings
from recsys.algorithms.spectral import SpectralSettings
from recsys.algorithms.trees import TreeSettings
from recsys.storage.models import artifact
from tests.recsys.algorithms import test_models_contract as by_history
from tests.recsys.algorithms import test_session_models_contract as by_session
from tests.recsys.algorithms.test_additive import USERS, X, Y
from tests.recsys.algorithms.test_content_neighbours import CATEGORIES, PRICE, TITLES

REPEATS = bgnbd.RepeatCounts(
    x=np.array([0.0, 1, 2, 5, 0, 3, 8, 1] * 5),
    t_x=np.array([0.0, 10, 20, 30, 0, 12, 36, 39] * 5),
    T=np.array([39.0, 39, 35, 38, 30, 39, 39, 39] * 5),
)


def after_the_first(rows: int) -> NDArray[np.bool_]:
    early: NDArray[np.bool_] = np.arange(rows) % 4 == 0
    return early


FITS: dict[str, Callable[[], Any]] = {
    "additive": lambda: additive.fit(
        X, Y, user_row=USERS, settings=AdditiveSettings(n_trees=5, n_members=2), seed=3
    ),
    "als": lambda: als.fit(by_history.clubs(), AlsSettings(2, 10.0, 0.1), seed=7),
    "bgnbd": lambda: bgnbd.fit(REPEATS),
    "content_neighbours": lambda: content_neighbours.fit(TITLES, CATEGORIES, PRICE, neighbours=3),
    "gamma_gamma": lambda: gamma_gamma.fit(REPEATS.x, 5.0 + REPEATS.T),
    "listwise": lambda: listwise.fit(
        np.random.default_rng(1).normal(size=(40, 3)),
        after_the_first(40),
        np.arange(0, 40, 4),
        ridge=0.01,
    ),
    "neighbours": lambda: neighbours.fit(by_history.clubs(), NeighbourSettings("bm25", 4)),
    "features": lambda: features.fit(
        by_session.clubs(), SessionSettings(), TransitionSettings(), seed=3
    ),
    "knn": lambda: knn.fit(by_session.clubs(), SessionSettings()),
    "trees": lambda: trees.fit(
        np.random.default_rng(1).normal(size=(80, 3)),
        after_the_first(80),
        TreeSettings(trees=3, depth=2, smallest=5),
        seed=0,
    ),
    "spectral": lambda: spectral.fit(by_history.clubs(), SpectralSettings(2, neighbours=4), seed=7),
}
"""By module: every module of `recsys.algorithms` with a function ``fit``."""


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(recsys.algorithms.__path__, "recsys.algorithms."):
        yield import_module(found.name)


def leaves(value: Any) -> Iterator[Any]:
    """Yield the arrays and numbers that a fitted value is made of."""
    if is_dataclass(value):
        for field in fields(value):
            yield from leaves(getattr(value, field.name))
    elif isinstance(value, tuple):
        for each in value:
            yield from leaves(each)
    else:
        yield value


def assert_the_same(one: Any, other: Any) -> None:
    for mine, theirs in zip(leaves(one), leaves(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.fixture(params=FITS, name="fit", scope="module")
def _fit(request: pytest.FixtureRequest) -> Callable[[], Any]:
    return FITS[request.param]


def test_no_algorithm_that_is_fitted_is_left_out() -> None:
    fitted = {module.__name__.rsplit(".", 1)[-1] for module in modules() if hasattr(module, "fit")}
    assert fitted == set(FITS)


def test_no_model_that_scores_items_is_left_out_of_its_own_contract() -> None:
    suites = {type(fit(by_history.clubs())).__name__ for fit in by_history.FITS.values()} | {
        type(fit(by_session.clubs())).__name__ for fit in by_session.FITS.values()
    }
    scoring = {
        name
        for module in modules()
        for name, kind in vars(module).items()
        if isinstance(kind, type) and hasattr(kind, "score_all")
    }
    assert scoring == suites


def test_every_algorithm_names_its_source() -> None:
    fitted = [module for module in modules() if hasattr(module, "fit")]
    assert all(re.search(r"\b(19|20)\d\d\b", module.__doc__ or "") for module in fitted)


def test_second_fit_equals_first(fit: Callable[[], Any]) -> None:
    assert_the_same(fit(), fit())


def test_a_fitted_value_never_changes(fit: Callable[[], Any]) -> None:
    value = fit()
    if not is_dataclass(value):
        return  # listwise: the weights themselves
    with pytest.raises(AttributeError):
        setattr(value, fields(value)[0].name, None)
    own = getattr(value, "__dict__", {}).keys()
    more = own - {field.name for field in fields(value)}
    assert all(isinstance(vars(type(value))[name], cached_property) for name in more)


def test_kept_and_read_back_it_is_the_same(fit: Callable[[], Any], tmp_path: Any) -> None:
    value = fit()
    if not is_dataclass(value):
        return  # kept inside the blend that it is learned for
    files = artifact.write(tmp_path, value)
    assert_the_same(artifact.read(tmp_path, type(value), files), value)
