"""What every model that scores items from a history must do.

The matrix has two clubs of users that never touch each other's items, so the right answer is
known without computing anything.
"""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.algorithms import als, neighbours, spectral
from recsys.algorithms.als import AlsFactors, AlsSettings
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours, NeighbourSettings
from recsys.algorithms.spectral import SpectralSettings
from recsys.algorithms.topk import top_k
from recsys.storage.models import artifact

N_ITEMS = 9
NOBODYS = 8
CLUBS = ((0, 1, 2, 3), (4, 5, 6, 7))

Scorer = AlsFactors | ItemNeighbours

FITS: dict[str, Callable[[Histories], Scorer]] = {
    "als": lambda h: als.fit(h, AlsSettings(factors=2, alpha=10.0, regularization=0.1), seed=7),
    "bm25": lambda h: neighbours.fit(h, NeighbourSettings("bm25", 4)),
    "cosine": lambda h: neighbours.fit(h, NeighbourSettings("cosine", 4)),
    "spectral": lambda h: spectral.fit(h, SpectralSettings(components=2, neighbours=4), seed=7),
    "tfidf": lambda h: neighbours.fit(h, NeighbourSettings("tfidf", 4)),
}


def clubs() -> Histories:
    """Each of 40 users takes all items of a club but one."""
    taken = []
    for user in range(40):
        club = CLUBS[user % 2]
        taken += [(user, item) for item in club if item != club[user // 2 % 4]]
    users, items = np.array(taken, np.int32).T
    strength = 1.0 + (np.arange(len(taken)) % 3) / 4
    return Histories.of(users, items, strength, n_users=41, n_items=N_ITEMS)


def history(*rows: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    return np.array(rows, np.int32), np.linspace(1.0, 2.0, len(rows)).astype(np.float32)


@pytest.fixture(params=FITS, name="fitted", scope="module")
def _fitted(request: pytest.FixtureRequest) -> Scorer:
    return FITS[request.param](clubs())


@pytest.mark.parametrize("club", CLUBS)
def test_the_missing_item_of_the_club_is_the_best_new_one(
    fitted: Scorer, club: tuple[int, ...]
) -> None:
    for missing in club:
        score = fitted.score(*history(*(item for item in club if item != missing)))
        new = [item for item in range(N_ITEMS) if item not in club or item == missing]
        assert max(new, key=lambda item: score[item]) == missing


def test_the_other_club_and_nobodys_item_score_next_to_nothing(
    fitted: Scorer,
) -> None:
    score = fitted.score(*history(0, 1, 2))
    assert np.abs(score[[4, 5, 6, 7, NOBODYS]]).max() < 0.05 * score[3]


def test_scores_are_one_finite_float_an_item(fitted: Scorer) -> None:
    score = fitted.score(*history(0, 5))
    assert score.shape == (fitted.n_items,) == (N_ITEMS,)
    assert score.dtype == np.float32
    assert np.isfinite(score).all()


def test_an_empty_history_says_nothing(fitted: Scorer) -> None:
    assert fitted.score(*history()).tolist() == [0.0] * N_ITEMS
    assert fitted.explain(*history(), np.array([0, 1])).shape == (0, 2)


def test_batch_equals_single(fitted: Scorer) -> None:
    histories = clubs()
    together = fitted.score_all(histories)
    alone = np.stack([fitted.score(*histories.of_user(user)) for user in range(41)])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)


def test_no_users_score_nothing(fitted: Scorer) -> None:
    assert fitted.score_all(clubs().of_users(np.empty(0, np.int32))).shape == (0, N_ITEMS)


def test_contributions_add_up_to_the_score(fitted: Scorer) -> None:
    rows, weights = history(0, 2, 5)
    items = np.array([3, 1, 8, 0], np.int32)
    carried = fitted.explain(rows, weights, items)
    assert carried.shape == (3, 4)
    expected = fitted.score(rows, weights)[items]
    np.testing.assert_allclose(carried.sum(axis=0), expected, rtol=1e-4, atol=1e-5)


def test_the_club_carries_its_own_items(fitted: Scorer) -> None:
    rows, weights = history(0, 2, 5)
    carried = fitted.explain(rows, weights, np.array([1, 6], np.int32))
    assert carried.argmax(axis=0).tolist() in ([0, 2], [1, 2])


@pytest.mark.parametrize("name", FITS)
def test_second_fit_equals_first(name: str) -> None:
    first, second = FITS[name](clubs()), FITS[name](clubs())
    for field in fields(first):
        mine, theirs = getattr(first, field.name), getattr(second, field.name)
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", FITS)
def test_no_histories_can_be_fitted(name: str) -> None:
    nobody = Histories.of(
        np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), n_users=2, n_items=3
    )
    assert FITS[name](nobody).score(*history(1)).shape == (3,)


@given(
    taken=st.sets(st.integers(0, N_ITEMS - 1), max_size=N_ITEMS),
    weight=st.sampled_from([0.0625, 1.0, 50.0]),
)
def test_any_bare_history_is_folded_in_as_a_batch_of_one(
    fitted: Scorer, taken: set[int], weight: float
) -> None:
    rows = np.array(sorted(taken), np.int32)
    weights = np.full(len(rows), weight, np.float32)
    alone = fitted.score(rows, weights)
    batch = Histories(np.array([0, len(rows)]), rows, weights, N_ITEMS)
    np.testing.assert_allclose(fitted.score_all(batch)[0], alone, rtol=1e-5, atol=1e-5)
    carried = fitted.explain(rows, weights, np.arange(N_ITEMS, dtype=np.int32))
    np.testing.assert_allclose(carried.sum(axis=0), alone, rtol=1e-3, atol=1e-4)


def test_a_new_user_scores_as_a_known_one_with_the_same_history(
    fitted: Scorer,
) -> None:
    histories = clubs()
    rows, weights = histories.of_user(3)
    known = fitted.score_all(histories)[3]
    np.testing.assert_allclose(fitted.score(rows.copy(), weights.copy()), known, rtol=1e-5)


def test_kept_and_read_back_it_scores_the_same(fitted: Scorer, tmp_path: Path) -> None:
    files = artifact.write(tmp_path, fitted)
    again = artifact.read(tmp_path, type(fitted), files)
    np.testing.assert_array_equal(again.score_all(clubs()), fitted.score_all(clubs()))
    for field in fields(fitted):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(fitted, field.name))


@pytest.mark.parametrize("row", [N_ITEMS, N_ITEMS + 1_000])
def test_a_row_that_it_was_not_fitted_on_is_refused(fitted: Scorer, row: int) -> None:
    with pytest.raises(IndexError):
        fitted.score(*history(0, row))


def test_more_items_than_there_are_gives_all_of_them_once(
    fitted: Scorer,
) -> None:
    best = top_k(fitted.score(*history(0, 1, 2)), 10 * N_ITEMS)
    assert sorted(best.tolist()) == list(range(N_ITEMS))


@pytest.mark.parametrize("name", FITS)
def test_one_item_that_everybody_took_can_be_fitted(name: str) -> None:
    users = np.arange(6, dtype=np.int32)
    one = Histories.of(users, np.zeros(6, np.int32), np.ones(6), n_users=6, n_items=1)
    fitted = FITS[name](one)
    assert fitted.n_items == 1
    assert np.isfinite(fitted.score(*history(0))).all()


@pytest.mark.parametrize("name", FITS)
def test_where_all_took_everything_nothing_is_better_than_anything(name: str) -> None:
    users, items = np.divmod(np.arange(24, dtype=np.int32), 4)
    tied = Histories.of(users, items, np.ones(24), n_users=6, n_items=4)
    score = FITS[name](tied).score(np.arange(4, dtype=np.int32), np.ones(4, np.float32))
    assert np.isfinite(score).all()
    np.testing.assert_allclose(score, score[0], rtol=2e-2)
