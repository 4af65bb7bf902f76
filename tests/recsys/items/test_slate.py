"""From rankings to the ordered answer."""

from dataclasses import dataclass
from typing import Never

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from numpy.typing import NDArray

from recsys.data.person import Person
from recsys.items import slate
from recsys.items.slate import ItemQuery, Ranking, Repeats, Slate
from recsys.ladder import Climb, Ladder, Question, Reason, RungName, Verdict
from tests.present import present
from tests.recsys.items.shop import (
    EVERYTHING,
    N_ITEMS,
    PURCHASE,
    VIEW,
    Row,
    allowed,
    blended_models,
    models,
    person,
    popular,
    raised,
)

MODELS = models()
LADDER = MODELS.ladder({})
ItemLadder = Ladder[ItemQuery, Ranking]


def fill(
    asked: Person,
    limit: int = 4,
    mask: NDArray[np.bool_] = EVERYTHING,
    ladder: ItemLadder = LADDER,
    force: RungName | None = None,
) -> Climb[Slate]:
    return slate.fill(ladder, asked, ItemQuery(limit, mask), on_failure=raised, force=force)


def welcome(
    asked: Person, repeats: Repeats, ladder: ItemLadder = LADDER, kind: int | None = PURCHASE
) -> list[int]:
    query = ItemQuery(8, EVERYTHING, repeats=repeats, kind=kind)
    return rows(slate.fill(ladder, asked, query, on_failure=raised))


def rows(climb: Climb[Slate]) -> list[int]:
    return [item.item_row for item in present(climb.answer).items]


def test_unknown_user_gets_popular_items() -> None:
    climb = fill(person(None))
    assert climb.rung is RungName.POPULAR
    assert rows(climb) == [0, 1, 4, 2]
    assert [step.reason for step in climb.trail] == [
        Reason.NO_LIVE_EVENTS,
        Reason.UNKNOWN_USER,
        Reason.NO_SEGMENT,
        Reason.SERVED,
    ]


def test_known_user_gets_the_one_to_one_rung_with_reasons() -> None:
    climb = fill(person(0), limit=3)
    assert climb.rung is RungName.ONE_TO_ONE
    assert climb.reason == "3 different items in this user's history"
    assert all(set(item.because) <= {1, 2, 3} for item in present(climb.answer).items)
    assert [item.rank for item in present(climb.answer).items] == [1, 2, 3]


def test_a_short_slate_is_filled_from_the_rungs_below() -> None:
    climb = fill(person(0, segment_row=0), limit=6)
    assert climb.rung is RungName.ONE_TO_ONE
    assert rows(climb)[4:] == [7, 6]
    assert [item.rung for item in present(climb.answer).items] == [RungName.ONE_TO_ONE] * 4 + [
        RungName.SEGMENT
    ] * 2


def test_popular_items_are_explained_by_their_buyers() -> None:
    notes = [item.note for item in present(fill(person(None), limit=8).answer).items]
    assert notes[0] == "bought by 6 users in the last 30 days"
    assert notes[-1] == ""


def test_live_events_lift_to_the_hyper_rung() -> None:
    assert fill(person(None, (5, PURCHASE, 101))).rung is RungName.HYPER


def test_whoever_denied_profiling_gets_no_personal_rung() -> None:
    climb = fill(structs.replace(person(0, (5, PURCHASE, 101)), profiling=False))
    assert climb.rung is RungName.POPULAR
    assert [step.reason for step in climb.trail[:2]] == [Reason.NO_CONSENT] * 2


def test_a_rung_that_was_not_shipped_is_stepped_over() -> None:
    verdict = Verdict.on(RungName.ONE_TO_ONE, RungName.POPULAR, "NDCG@20", None)
    climb = fill(person(0), ladder=MODELS.ladder({RungName.ONE_TO_ONE: verdict}))
    assert climb.rung is RungName.POPULAR


def test_a_forced_rung_is_filled_from_rung_0() -> None:
    climb = fill(person(0, segment_row=0), limit=3, force=RungName.SEGMENT)
    assert {item.rung for item in present(climb.answer).items} == {RungName.SEGMENT}


def test_everything_excluded_is_an_empty_slate_not_an_error() -> None:
    climb = fill(person(0), mask=allowed())
    assert present(climb.answer).items == ()
    assert climb.rung is None
    assert climb.reason == "nothing left to offer after exclusions and filters"


@dataclass(frozen=True)
class Broken:
    name: RungName

    def declines(self, person: Person) -> None:
        return None

    def because(self, person: Person) -> str:
        return ""

    def answer(self, person: Person, query: ItemQuery) -> Never:
        raise ZeroDivisionError


def test_a_rung_that_raises_costs_its_own_answer_only() -> None:
    seen = []
    ladder: ItemLadder = Ladder(Question.ITEMS, (Broken(RungName.HYPER), popular()), {})
    climb = slate.fill(
        ladder, person(0), ItemQuery(2, EVERYTHING), on_failure=lambda *told: seen.append(told)
    )
    assert climb.rung is RungName.POPULAR
    assert climb.trail[0].reason is Reason.FAILED
    assert [rung for rung, _ in seen] == [RungName.HYPER]


def test_when_every_rung_fails_there_is_no_answer() -> None:
    ladder: ItemLadder = Ladder(Question.ITEMS, (Broken(RungName.POPULAR),), {})
    climb = slate.fill(ladder, person(0), ItemQuery(2, EVERYTHING), on_failure=lambda *told: None)
    assert climb.answer is None
    assert climb.rung is None


def test_the_mask_of_the_caller_is_left_alone() -> None:
    mask = EVERYTHING.copy()
    mask.flags.writeable = False
    fill(person(0), limit=8, mask=mask)
    assert mask.all()


@pytest.mark.parametrize("segment_row", [-1, 0])
@given(
    user=st.sampled_from([None, *range(14)]),
    live=st.lists(st.integers(0, N_ITEMS - 1), max_size=3),
    limit=st.integers(1, 12),
    mask=st.lists(st.booleans(), min_size=N_ITEMS, max_size=N_ITEMS),
)
def test_slates_hold_allowed_items_once_and_are_full_when_they_can(
    segment_row: int, user: int | None, live: list[int], limit: int, mask: list[bool]
) -> None:
    asked = person(user, *((item, PURCHASE, 101) for item in live), segment_row=segment_row)
    found = rows(fill(asked, limit, np.array(mask)))
    assert len(found) == len(set(found)) == min(limit, sum(mask))
    assert all(mask[row] for row in found)


@pytest.mark.parametrize("ladder", [LADDER, blended_models().ladder({})], ids=["taste", "blend"])
@pytest.mark.parametrize("live", [(), ((6, PURCHASE, 101),)], ids=["past", "past and live"])
def test_repeats_are_barred_or_all_there_is_on_every_rung(
    ladder: ItemLadder, live: tuple[Row, ...]
) -> None:
    had = {1, 2, 3, *(item for item, _, _ in live)}
    asked = person(0, *live)
    assert set(welcome(asked, Repeats.EXCLUDE, ladder)) == set(range(N_ITEMS)) - had
    assert set(welcome(asked, Repeats.ONLY, ladder)) == had
    assert set(welcome(asked, Repeats.ALLOW, ladder)) == set(range(N_ITEMS))


def test_what_was_only_looked_at_is_no_repeat_unless_every_kind_counts() -> None:
    asked = person(None, (5, VIEW, 101))
    assert 5 in welcome(asked, Repeats.EXCLUDE)
    assert 5 not in welcome(asked, Repeats.EXCLUDE, kind=None)


def test_without_history_everything_is_new() -> None:
    assert len(welcome(person(None), Repeats.EXCLUDE)) == N_ITEMS
    assert welcome(person(None), Repeats.ONLY) == []
