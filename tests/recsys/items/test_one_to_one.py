"""Rung 2, and its ready-made lists."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.interactions import NO_EVENTS
from recsys.items.models import ItemModels
from recsys.items.one_to_one import OneToOneItems
from recsys.items.slate import ItemQuery
from recsys.ladder import Reason, RungName
from tests.present import present
from tests.recsys.items.shop import (
    AT,
    EVERYTHING,
    N_ITEMS,
    allowed,
    blended_models,
    models,
    person,
)

MODELS = {depth: models(depth=depth) for depth in (1, 3, 8)}
BLENDED = {depth: blended_models(depth=depth) for depth in (1, 3, 8)}


def rung(depth: int = 8) -> OneToOneItems:
    return MODELS[depth].one_to_one()


def test_a_known_user_gets_their_club() -> None:
    ranking = present(rung().answer(person(0), ItemQuery(4, EVERYTHING)))
    assert set(ranking.item_row.tolist()) == {0, 1, 2, 3}
    assert set(ranking.because.tolist()) <= {1, 2, 3}


def test_a_user_whom_training_has_not_seen_is_refused() -> None:
    assert present(rung().declines(person(None))).reason is Reason.UNKNOWN_USER


@pytest.mark.parametrize("user", [12, 13])
def test_too_little_history_is_refused(user: int) -> None:
    assert present(rung().declines(person(user))).reason is Reason.TOO_LITTLE_HISTORY


def test_enough_history_applies_and_says_how_much() -> None:
    assert rung().declines(person(3)) is None
    assert rung().because(person(3)) == "3 different items in this user's history"


@pytest.mark.parametrize("by_depth", [MODELS, BLENDED], ids=["plain", "blended"])
@pytest.mark.parametrize("depth", [1, 3, 8])
@given(
    user=st.integers(0, 11),
    limit=st.integers(1, 10),
    mask=st.lists(st.booleans(), min_size=N_ITEMS, max_size=N_ITEMS),
)
def test_the_ready_list_and_live_scoring_agree_exactly(
    by_depth: dict[int, ItemModels], depth: int, user: int, limit: int, mask: list[bool]
) -> None:
    query = ItemQuery(limit, np.array(mask))
    model, who = by_depth[depth].one_to_one(), person(user)
    ready = model.answer(who, query)
    live = model.now(who.past, NO_EVENTS, query, at=AT, source="als")
    if live is None:
        assert ready is None
        return
    assert ready is not None
    for field in ("item_row", "score", "because"):
        np.testing.assert_array_equal(getattr(ready, field), getattr(live, field))
    assert query.allowed[ready.item_row].all()
    assert len(ready) <= limit


def test_a_mask_that_empties_the_ready_list_is_scored_live() -> None:
    ranking = present(rung(depth=1).answer(person(0), ItemQuery(3, allowed(0))))
    assert ranking.item_row.tolist() == [0]


def test_a_history_that_speaks_for_no_allowed_item_is_nothing_left() -> None:
    assert rung().answer(person(0), ItemQuery(3, allowed(4, 5))) is None
    assert rung(depth=1).answer(person(0), ItemQuery(3, allowed(4, 5))) is None


def test_what_was_not_available_at_training_is_in_no_list() -> None:
    ready = models(available=allowed(0, 1, 4)).ready
    assert set(ready.item[ready.item >= 0].tolist()) <= {0, 1, 4}


def test_it_knows_its_name() -> None:
    assert rung().name is RungName.ONE_TO_ONE
