"""Rung 1."""

from recsys.items.slate import ItemQuery
from recsys.ladder import Reason
from tests.present import present
from tests.recsys.items.shop import EVERYTHING, allowed, by_segment, person


def test_the_segment_has_an_order_of_its_own() -> None:
    ranking = present(by_segment().answer(person(0, segment_row=0), ItemQuery(3, EVERYTHING)))
    assert ranking.item_row.tolist() == [7, 6, 5]


def test_only_allowed_items_are_answered() -> None:
    ranking = present(by_segment().answer(person(0, segment_row=0), ItemQuery(3, allowed(0, 5))))
    assert ranking.item_row.tolist() == [5, 0]


def test_a_user_in_no_segment_is_refused() -> None:
    assert present(by_segment().declines(person(0))).reason is Reason.NO_SEGMENT


def test_a_segment_without_users_is_refused_by_name() -> None:
    step = present(by_segment().declines(person(0, segment_row=1)))
    assert step.reason is Reason.NO_SEGMENT
    assert "country:France" in step.detail


def test_the_answer_stands_on_the_segment() -> None:
    rung, asked = by_segment(), person(0, segment_row=0)
    assert rung.declines(asked) is None
    assert rung.because(asked) == "what the 20 users of segment rfm:loyal took lately"
