"""Rung 3: the same model at this moment."""

import pytest

from recsys.items.slate import ItemQuery
from recsys.ladder import Reason, RungName
from tests.present import present
from tests.recsys.items.shop import EVERYTHING, PURCHASE, RETURN, allowed, models, person

RUNG = models().ladder({}).rungs[0]
QUERY = ItemQuery(4, EVERYTHING)


def test_without_events_since_training_it_does_not_apply() -> None:
    assert present(RUNG.declines(person(0))).reason is Reason.NO_LIVE_EVENTS


def test_events_on_items_that_the_model_does_not_know_do_not_count() -> None:
    assert present(RUNG.declines(person(0, (-1, PURCHASE, 101)))).reason is Reason.NO_LIVE_EVENTS


@pytest.mark.parametrize("user", [0, 13, None])
def test_one_known_live_event_is_enough_for_anybody(user: int | None) -> None:
    asked = person(user, (5, PURCHASE, 101))
    assert RUNG.declines(asked) is None
    assert RUNG.because(asked).startswith("1 event since the model was trained")


def test_a_new_user_gets_the_club_of_their_first_event() -> None:
    ranking = present(RUNG.answer(person(None, (5, PURCHASE, 101)), QUERY))
    assert set(ranking.item_row.tolist()) == {4, 5, 6, 7}
    assert set(ranking.because.tolist()) == {5}


def test_one_event_changes_the_answer_at_once() -> None:
    since, everything = ((1, PURCHASE, 101), (5, PURCHASE, 102)), ItemQuery(8, EVERYTHING)
    before = present(RUNG.answer(person(0, since[0]), QUERY))
    after = present(RUNG.answer(person(0, *since), everything))
    assert not {4, 5, 6, 7} & set(before.item_row.tolist())
    assert {4, 5, 6, 7} <= set(after.item_row.tolist())


def test_a_live_return_takes_a_purchase_back() -> None:
    kept = RUNG.answer(person(None, (5, PURCHASE, 101)), QUERY)
    returned = RUNG.answer(person(None, (5, PURCHASE, 101), (5, RETURN, 101)), QUERY)
    assert kept is not None
    assert returned is None


def test_only_allowed_items_are_answered() -> None:
    ranking = present(RUNG.answer(person(None, (5, PURCHASE, 101)), ItemQuery(4, allowed(0, 6))))
    assert ranking.item_row.tolist() == [6]


def test_it_knows_its_name() -> None:
    assert RUNG.name is RungName.HYPER
