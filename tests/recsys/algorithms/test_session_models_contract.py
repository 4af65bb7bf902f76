"""What every model that scores the next click of a session must do.

Two clubs of items that never meet, so the right answer is known without computing anything.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.algorithms.sessions import features, knn, ranker
from recsys.algorithms.sessions.knn import SessionNeighbours, SessionSettings
from recsys.algorithms.sessions.log import Sessions
from recsys.algorithms.sessions.ranker import SessionBlend
from recsys.algorithms.sessions.transitions import TransitionSettings
from recsys.storage.models import artifact

N_ITEMS = 9
NOBODYS = 8
CLUBS = ((0, 1, 2, 3), (4, 5, 6, 7))


def clubs() -> Sessions:
    """Rounds within a club: 0 → 1 → 2 → 3 → 0 …, in turns with the other club."""
    rounds = []
    for turn in range(80):
        club, start = CLUBS[turn % 2], turn // 2 % 4
        rounds.append([club[(start + step) % 4] for step in range(3)])
    return Sessions.of(rounds, n_items=N_ITEMS)


def blended(log: Sessions) -> SessionBlend:
    middle = len(log) // 2
    settings = SessionSettings(), TransitionSettings()
    early = features.fit(log.between(0, middle), *settings, seed=3)
    learned = ranker.learn(early, *log.between(middle, len(log)).prefixes(99, seed=3))
    return ranker.SessionBlend(features.fit(log, *settings, seed=3), learned.weights)


Scorer = SessionNeighbours | SessionBlend
FITS: dict[str, Callable[[Sessions], Scorer]] = {
    "neighbours": lambda log: knn.fit(log, SessionSettings()),
    "blend": blended,
}


def rows(*items: int) -> NDArray[np.int32]:
    return np.array(items, np.int32)


@pytest.fixture(params=FITS, name="fitted", scope="module")
def _fitted(request: pytest.FixtureRequest) -> Scorer:
    return FITS[request.param](clubs())


@pytest.mark.parametrize("club", CLUBS)
def test_the_next_of_the_round_is_the_best_new_item(fitted: Scorer, club: tuple[int, ...]) -> None:
    for place in range(4):
        session = rows(club[place - 1], club[place])
        score = fitted.score(session)
        score[session] = 0.0
        assert score.argmax() == club[(place + 1) % 4]


def test_the_other_club_and_nobodys_item_score_nothing(
    fitted: Scorer,
) -> None:
    assert fitted.score(rows(0, 1))[[4, 5, 6, 7, NOBODYS]].max() == 0.0


def test_scores_are_one_finite_float_an_item(fitted: Scorer) -> None:
    score = fitted.score(rows(0, 5, 0))
    assert score.shape == (fitted.n_items,) == (N_ITEMS,)
    assert score.dtype == np.float32
    assert np.isfinite(score).all()


def test_an_empty_session_says_nothing(fitted: Scorer) -> None:
    assert fitted.score(rows()).tolist() == [0.0] * N_ITEMS
    assert fitted.explain(rows(), rows(0, 1)).shape == (0, 2)


def test_batch_equals_single(fitted: Scorer) -> None:
    together = fitted.score_all(clubs())
    alone = np.stack([fitted.score(session) for session in clubs()])
    np.testing.assert_array_equal(together, alone)


def test_no_sessions_score_nothing(fitted: Scorer) -> None:
    assert fitted.score_all(clubs().between(0, 0)).shape == (0, N_ITEMS)


@given(st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=30))
def test_contributions_add_up_to_the_scores(fitted: Scorer, session: list[int]) -> None:
    items = np.flatnonzero(clubs_only(session)).astype(np.int32)
    carried = fitted.explain(rows(*session), items)
    assert carried.shape == (len(session), len(items))
    expected = fitted.score(rows(*session))[items]
    np.testing.assert_allclose(carried.sum(axis=0), expected, rtol=1e-4, atol=1e-5)


def clubs_only(session: list[int]) -> NDArray[np.bool_]:
    """Items of the clubs that the last clicks come from: those that a source knows."""
    late = set(session[-8:])
    known = [item for club in CLUBS if late & set(club) for item in club]
    return np.isin(np.arange(N_ITEMS), known)


def test_the_club_carries_its_own_items(fitted: Scorer) -> None:
    carried = fitted.explain(rows(0, 5), rows(1, 6))
    assert carried.argmax(axis=0).tolist() == [0, 1]


@pytest.mark.parametrize("name", FITS)
def test_second_fit_equals_first(name: str) -> None:
    first, second = FITS[name](clubs()), FITS[name](clubs())
    np.testing.assert_array_equal(first.score_all(clubs()), second.score_all(clubs()))


def test_kept_and_read_back_it_scores_the_same(fitted: Scorer, tmp_path: Path) -> None:
    files = artifact.write(tmp_path, fitted)
    again = artifact.read(tmp_path, type(fitted), files)
    np.testing.assert_array_equal(again.score_all(clubs()), fitted.score_all(clubs()))


def test_scoring_needs_numpy_alone(fitted: Scorer, tmp_path: Path) -> None:
    files = artifact.write(tmp_path / "kept", fitted)
    program = f"""
import sys, pathlib, numpy as np
from recsys.storage.models import artifact
from {type(fitted).__module__} import {type(fitted).__name__} as Kind
kept = artifact.read(pathlib.Path({str(tmp_path / "kept")!r}), Kind, {files!r})
rows = np.array([0, 1], np.int32)
kept.score(rows), kept.explain(rows, rows)
print(sorted({{"scipy", "sklearn", "implicit"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
