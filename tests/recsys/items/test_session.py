"""What comes next in the session at hand."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs

from recsys.algorithms.sessions import features, ranker
from recsys.algorithms.sessions.knn import SessionSettings
from recsys.algorithms.sessions.log import Sessions
from recsys.algorithms.sessions.transitions import TransitionSettings
from recsys.data.person import Context, Person
from recsys.data.times import DAY
from recsys.items import hyper
from recsys.items.context_lift import ContextLift
from recsys.items.hyper import HyperItems
from recsys.items.session import MINUTE, SOURCE, AtHand, standardised
from recsys.items.slate import ItemQuery
from tests.present import present
from tests.recsys.items.shop import (
    AT,
    EVERYTHING,
    N_ITEMS,
    RETURN,
    VIEW,
    allowed,
    events,
    models,
    person,
)

SPEAKS = np.array([True, True, True, False])
NOW = AT + 2 * DAY
QUERY = ItemQuery(4, EVERYTHING)
NO_SCORE = np.zeros(N_ITEMS, np.float32)


def ring(n: int, *, seed: int) -> Sessions:
    """Who looks at an item goes on to the next one, four steps long."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(N_ITEMS, size=n).tolist()
    return Sessions.of([[(s + step) % N_ITEMS for step in range(4)] for s in starts], n_items=8)


@pytest.fixture(scope="module", name="at_hand")
def _at_hand() -> AtHand:
    parts = features.fit(ring(200, seed=1), SessionSettings(), TransitionSettings(), seed=0)
    blend = ranker.learn(parts, *ring(100, seed=2).prefixes(200, seed=0))
    return AtHand(blend, taste=0.01, gap_minutes=30.0, speaks=SPEAKS)


@pytest.fixture(scope="module", name="rung")
def _rung(at_hand: AtHand) -> HyperItems:
    return HyperItems(models().one_to_one(), at_hand)


def clicking(*rows: int, user: int | None = None, ago: int = 0) -> Person:
    """Return somebody who looked at items a minute apart, the last one `ago` minutes ago."""
    asked = person(user, *((row, VIEW, 0) for row in rows))
    at = NOW - (ago + np.arange(len(rows))[::-1]) * MINUTE
    return structs.replace(asked, live=structs.replace(asked.live, at=at))


@pytest.mark.parametrize("user", [None, 0])
def test_the_next_of_the_session_comes_first_for_anybody(
    rung: HyperItems, user: int | None
) -> None:
    ranking = present(rung.answer(clicking(1, 2, user=user), QUERY))
    assert ranking.item_row[0] == 3
    assert ranking.source == SOURCE


def test_the_context_adds_to_what_comes_next_and_says_so(rung: HyperItems, at_hand: AtHand) -> None:
    asked, favoured = clicking(1, 2), 6
    lift = np.zeros((1, N_ITEMS), np.float32)
    lift[0, favoured] = 20.0
    table = ContextLift({"device:mobile": 0}, lift, 0.0, 0.5, "UTC")
    listening = HyperItems(rung.one_to_one, at_hand, table)
    mobile = structs.replace(asked, context=Context(device="mobile"))
    plain = present(rung.answer(asked, QUERY))
    ours = present(listening.answer(mobile, QUERY))
    assert ours.item_row.tolist() == [favoured, *plain.item_row.tolist()[:3]]
    assert ours.notes == ("popular on mobile", "", "", "")
    unsaid = present(listening.answer(asked, QUERY))
    np.testing.assert_array_equal(unsaid.item_row, plain.item_row)
    np.testing.assert_array_equal(unsaid.score, plain.score)


def test_it_says_what_it_used(rung: HyperItems) -> None:
    said = rung.because(clicking(1, 2, user=0))
    assert said.startswith("2 events since the model was trained, 2 in this session, after")


def test_after_a_long_silence_the_events_are_folded_in(rung: HyperItems) -> None:
    asked = clicking(1, 2, ago=31)
    assert present(rung.answer(asked, QUERY)).source == hyper.SOURCE
    assert "session" not in rung.because(asked)


def test_a_silence_within_ends_the_session_before_it(at_hand: AtHand) -> None:
    live = events((1, VIEW, 0), (2, VIEW, 0), (5, VIEW, 0))
    live = structs.replace(live, at=NOW - np.array([50, 45, 3]) * MINUTE)
    assert at_hand.clicks(live, at=NOW).tolist() == [5]


def test_kinds_that_do_not_speak_and_unknown_items_are_no_clicks(at_hand: AtHand) -> None:
    live = events((1, RETURN, 0), (-1, VIEW, 0), (2, VIEW, 0))
    assert at_hand.clicks(structs.replace(live, at=np.full(3, NOW)), at=NOW).tolist() == [2]


def test_only_allowed_items_are_answered(rung: HyperItems) -> None:
    ranking = present(rung.answer(clicking(1, 2), ItemQuery(4, allowed(0, 6))))
    assert set(ranking.item_row.tolist()) <= {0, 6}


def test_nothing_allowed_is_no_answer(rung: HyperItems) -> None:
    assert rung.answer(clicking(1, 2), ItemQuery(4, allowed())) is None


def test_the_reason_is_an_item_of_the_session(rung: HyperItems) -> None:
    ranking = present(rung.answer(clicking(1, 2), QUERY))
    assert ranking.because[0] in {1, 2}
    assert set(ranking.because.tolist()) <= {-1, 1, 2}


def test_items_that_sessions_do_not_propose_follow_in_the_order_of_the_user(
    at_hand: AtHand,
) -> None:
    score = np.linspace(0, 1, N_ITEMS, dtype=np.float32)
    items, mixed = at_hand.mixed(np.array([2], np.int32), score, N_ITEMS)
    assert items.tolist() == list(range(N_ITEMS))
    proposed = at_hand.blend.score(np.array([2], np.int32)) > 0
    assert (np.diff(mixed[~proposed]) > 0).all()


def test_what_is_in_the_cart_is_told_apart(rung: HyperItems) -> None:
    asked = clicking(1, 2)
    asked = structs.replace(asked, context=Context(cart=("i2",)))
    assert rung.because(asked).startswith("1 event since the model was trained, 2 in this session")
    assert "1 in the cart" in rung.because(asked)


def test_scores_are_brought_to_one_scale() -> None:
    score = np.array([1, 3, -np.inf], np.float32)
    np.testing.assert_allclose(standardised(score)[:2], [-1, 1], rtol=1e-4)
    assert standardised(score)[2] == -np.inf
    assert np.isfinite(standardised(np.full(3, 7, np.float32))).all()
