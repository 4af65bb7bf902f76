"""The learned ranker over candidates for the next click."""

import numpy as np
import pytest

from recsys.algorithms.sessions import features, ranker
from recsys.algorithms.sessions.features import N_FEATURES, SessionParts
from recsys.algorithms.sessions.knn import SessionSettings
from recsys.algorithms.sessions.log import Sessions
from recsys.algorithms.sessions.ranker import SessionBlend
from recsys.algorithms.sessions.transitions import TransitionSettings
from recsys.errors import NothingToLearnFrom

N_ITEMS = 30


def world(n: int, *, seed: int) -> Sessions:
    """Who looks at an even item goes on to the next odd one, nine times in ten."""
    rng = np.random.default_rng(seed)
    sessions = []
    for _ in range(n):
        start = 2 * int(rng.integers(N_ITEMS // 2))
        follows = rng.random() < 0.9
        sessions.append([start, start + 1 if follows else int(rng.integers(N_ITEMS))])
    return Sessions.of(sessions, n_items=N_ITEMS)


def fit(sessions: Sessions) -> SessionParts:
    return features.fit(sessions, SessionSettings(), TransitionSettings(), seed=0)


@pytest.fixture(scope="module", name="blend")
def _blend() -> SessionBlend:
    return ranker.learn(fit(world(600, seed=1)), *world(300, seed=2).prefixes(300, seed=0))


def test_the_item_that_follows_comes_first(blend: SessionBlend) -> None:
    for item in range(0, N_ITEMS, 2):
        assert blend.score(np.array([item], np.int32)).argmax() == item + 1


def test_scores_are_chances(blend: SessionBlend) -> None:
    score = blend.score(np.array([4], np.int32))
    assert score.sum() == pytest.approx(1.0, rel=1e-5)
    assert score[5] == pytest.approx(0.9, abs=0.06)


def test_a_seen_item_alone_is_a_candidate(blend: SessionBlend) -> None:
    nobody = fit(Sessions.of([[0, 1]], n_items=N_ITEMS))
    items, known = nobody.features(np.array([7, 7], np.int32))
    assert items.tolist() == [7]
    assert known.shape == (1, N_FEATURES)
    assert np.isfinite(known).all()


def test_features_of_long_sessions_are_finite(blend: SessionBlend) -> None:
    rows = np.arange(60, dtype=np.int32) % N_ITEMS
    assert np.isfinite(blend.parts.features(rows)[1]).all()


def test_later_clicks_never_change_an_earlier_answer(blend: SessionBlend) -> None:
    rows = np.array([2, 3, 8], np.int32)
    before = blend.score(rows[:2])
    blend.score(rows)
    np.testing.assert_array_equal(blend.score(rows[:2]), before)


def test_nothing_to_choose_from_cannot_be_learned_from() -> None:
    parts = fit(Sessions.of([[0, 1]], n_items=4))
    with pytest.raises(NothingToLearnFrom, match="candidate"):
        ranker.learn(parts, Sessions.of([[0]], n_items=4), np.array([3], np.int32))
