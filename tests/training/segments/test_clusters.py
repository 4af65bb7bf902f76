"""As many clusters as hold, or none, and why."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY
from training.segments import clusters, content_vectors

TASTES = 5
PER_TASTE = 8


def shop(*, users: int = 300, noise: float = 0.1, categories: bool = True, seed: int = 1,
         ) -> tuple[Interactions, Catalogue]:  # fmt: skip
    """Sell things of five kinds to people of five tastes; `noise` is bought from anywhere."""
    rng = np.random.default_rng(seed)
    n_items = TASTES * PER_TASTE
    user_row, item_row = [], []
    for user in range(users):
        own = user % TASTES * PER_TASTE + rng.choice(PER_TASTE, size=6, replace=False)
        anywhere = rng.integers(n_items, size=6)
        item_row += np.where(rng.random(6) < noise, anywhere, own).tolist()
        user_row += [user] * 6
    n = len(user_row)
    table = Interactions.of(
        IdMap.of(f"{u:04}" for u in range(users)),
        IdMap.of(f"{i:02}" for i in range(n_items)),
        ("purchase",),
        user_row=np.array(user_row, np.int32),
        events=UserEvents(
            np.array(item_row, np.int32), np.zeros(n, np.int8), np.arange(n) * DAY,
            np.ones(n, np.float32), np.ones(n),
        ),
    )  # fmt: skip
    return table, catalogue(n_items, categories=categories)


def catalogue(n_items: int, *, categories: bool) -> Catalogue:
    return Catalogue(
        title=tuple(f"Item {i}" for i in range(n_items)),
        category=tuple(f"Kind {i // PER_TASTE}" if categories else "" for i in range(n_items)),
        url=("",) * n_items,
        image_url=("",) * n_items,
        price=np.ones(n_items, np.float32),
        available=np.ones(n_items, bool),
    )


@pytest.mark.parametrize("categories", [True, False])
def test_the_five_tastes_are_found_by_categories_or_by_who_buys_what(*, categories: bool) -> None:
    table, items = shop(categories=categories)
    found = clusters.cluster(table, items, seed=7)
    assert found.clusters is not None
    assert found.clusters.stability >= clusters.MIN_STABILITY
    of_user = found.clusters.of(table.item_row, table.indptr)
    taste = np.arange(len(of_user)) % TASTES
    # the most clusters that hold may tell more than the tastes, but never mix them
    mixed = np.zeros((len(found.clusters.names), TASTES))
    np.add.at(mixed, (of_user, taste), 1)
    assert (mixed.max(1) > 0.9 * mixed.sum(1)).all()
    assert {*mixed.argmax(1).tolist()} == {*range(TASTES)}


def test_a_cluster_is_named_after_what_sets_it_apart() -> None:
    found = clusters.cluster(*shop(), seed=7)
    assert found.clusters is not None
    assert {*found.clusters.names} == {f"kind {k}" for k in range(TASTES)}
    for name, typical in zip(found.clusters.names, found.clusters.typical, strict=True):
        assert typical[0].lower() == name


def test_without_tastes_no_cluster_is_shown_and_the_reason_is_told() -> None:
    found = clusters.cluster(*shop(noise=1.0, categories=False), seed=7)
    assert found.clusters is None
    assert "no number of clusters from 4 to 12 holds" in found.why_not
    assert "bootstrap ARI" in found.why_not
    assert [each.k for each in found.tried] == list(range(12, 3, -1))


def test_few_users_make_no_clusters() -> None:
    found = clusters.cluster(*shop(users=100), seed=7)
    assert found.clusters is None
    assert "100 users" in found.why_not
    assert found.tried == ()


def test_a_tiny_shop_is_told_apart_from_an_unstable_one() -> None:
    table, items = shop(users=10, categories=False)
    assert content_vectors.contents(table, items, seed=7) is None
    assert "too few" in clusters.cluster(table, items, seed=7).why_not


def test_the_same_seed_gives_the_same_clusters() -> None:
    first, second = (clusters.cluster(*shop(), seed=7).clusters for _ in range(2))
    assert first is not None
    assert second is not None
    assert np.array_equal(first.centres, second.centres)
    assert first.names == second.names
