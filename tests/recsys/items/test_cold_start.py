"""Items that nobody has taken yet, in lists of those who take what is described alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.algorithms import content_neighbours
from recsys.algorithms.neighbours import ItemNeighbours
from recsys.data.person import Person
from recsys.items import slate
from recsys.items.cold_start import NOTE, Newcomers
from recsys.items.history import History
from recsys.items.models import ItemModels
from recsys.items.slate import ItemQuery, Ranking, Recommendation, Repeats
from recsys.ladder import RungName
from tests.present import present
from tests.recsys.items.shop import N_ITEMS, PURCHASE, Row, blended_models, models, person, raised

TITLES = [
    "red cup",
    "red mug",
    "red bowl",
    "red jug",
    "oak train",
    "oak ship",
    "oak car",
    "oak top",
]
NEW_CUP, NEW_TRAIN = 8, 9
NOTHING = np.full(10, np.nan, np.float32)
IS_NEW = np.arange(10) >= N_ITEMS


def described(neighbours: int = 5) -> ItemNeighbours:
    titles = [*TITLES, "red plate", "oak yoyo"]
    return content_neighbours.fit(titles, [""] * 10, NOTHING, neighbours=neighbours, wanted=IS_NEW)


NEWCOMERS = Newcomers.of(described(), IS_NEW, places=1)


def history(*rows: int) -> History:
    weight = np.ones(len(rows), np.float32)
    return History(np.array(rows, np.int32), weight, weight, np.array(rows, np.int32))


def propose(
    *rows: int,
    limit: int = 10,
    allowed: NDArray[np.bool_] | None = None,
    ranking: Ranking | None = None,
    newcomers: Newcomers = NEWCOMERS,
) -> Ranking | None:
    mask = np.ones(10, bool) if allowed is None else allowed
    return newcomers.propose(history(*rows), ranking, ItemQuery(limit, mask))


@pytest.mark.parametrize(("taken", "new"), [((0, 1), NEW_CUP), ((4, 7), NEW_TRAIN)])
def test_who_takes_red_things_is_told_of_the_new_red_thing(
    taken: tuple[int, ...], new: int
) -> None:
    found = present(propose(*taken))
    assert found.item_row.tolist() == [new]
    assert found.because[0] in taken
    assert found.source == "content"


def test_who_takes_neither_is_told_of_nothing() -> None:
    assert propose() is None
    assert propose(NEW_CUP) is None


def test_short_lists_have_no_place_for_them() -> None:
    assert propose(0, limit=9) is None
    two = replace(NEWCOMERS, places=2)
    assert len(present(propose(0, 4, limit=10, newcomers=two))) == 1
    assert len(present(propose(0, 4, limit=20, newcomers=two))) == 2


def test_what_is_not_allowed_or_in_the_list_already_is_not_proposed() -> None:
    assert propose(0, allowed=~IS_NEW) is None
    one = np.array([NEW_CUP], np.int32)
    assert propose(0, ranking=Ranking(one, np.ones(1, np.float32), one, "one_to_one")) is None


def test_new_items_do_not_speak_for_each_other() -> None:
    alone = np.zeros(10, bool)
    alone[[NEW_CUP, 0]] = True
    graph = Newcomers.of(described(), IS_NEW, places=1).graph
    assert np.diff(graph.indptr)[IS_NEW].tolist() == [0, 0]
    assert set(graph.of_item(0)[0].tolist()) == {NEW_CUP}


def with_newcomers(base: ItemModels | None = None, *, new: tuple[int, ...] = (3, 7)) -> ItemModels:
    """Return the shop where one item of each club counts as new, to be proposed at the end."""
    is_new = np.isin(np.arange(N_ITEMS), new)
    wanted = content_neighbours.fit(
        TITLES, [""] * N_ITEMS, NOTHING[:N_ITEMS], neighbours=5, wanted=is_new
    )
    return replace(base or models(), newcomers=Newcomers.of(wanted, is_new, places=1))


def fill(
    asked: Person,
    limit: int,
    mask: NDArray[np.bool_],
    parts: ItemModels,
    repeats: Repeats = Repeats.ALLOW,
) -> tuple[Recommendation, ...]:
    query = ItemQuery(limit, mask, repeats=repeats, kind=PURCHASE)
    return present(slate.fill(parts.ladder({}), asked, query, on_failure=raised).answer).items


EVERYTHING = np.ones(N_ITEMS, bool)
PERSONAL = (RungName.ONE_TO_ONE, RungName.HYPER)


@pytest.mark.parametrize("live", [(), ((1, PURCHASE, 101),)], ids=["past", "past and live"])
def test_the_new_item_comes_last_and_says_that_it_is_new(live: tuple[Row, ...]) -> None:
    mask = EVERYTHING.copy()
    mask[[2, 6]] = False
    parts = with_newcomers(new=(2, 3), base=models(available=mask))
    last = fill(person(0, *live), 10, EVERYTHING, parts)[-1]
    assert last.note == NOTE
    assert last.source == "content"
    assert last.item_row == 2
    assert last.because
    assert last.rung in PERSONAL


def test_a_list_for_everybody_has_no_personal_newcomer() -> None:
    items = fill(person(None), 10, EVERYTHING, with_newcomers())
    assert all(item.note != NOTE for item in items)


@given(
    user=st.sampled_from([None, *range(14)]),
    live=st.lists(st.integers(0, N_ITEMS - 1), max_size=3),
    limit=st.integers(1, 25),
    mask=st.lists(st.booleans(), min_size=N_ITEMS, max_size=N_ITEMS),
    repeats=st.sampled_from(Repeats),
    parts=st.sampled_from([with_newcomers(), with_newcomers(blended_models())]),
)
def test_masks_stay_exact_and_no_item_comes_twice(
    user: int | None,
    live: list[int],
    limit: int,
    mask: list[bool],
    repeats: Repeats,
    parts: ItemModels,
) -> None:
    asked = person(user, *((item, PURCHASE, 101) for item in live))
    allowed = np.array(mask)
    with_them = fill(asked, limit, allowed, parts, repeats)
    without = fill(asked, limit, allowed, replace(parts, newcomers=None), repeats)
    rows = [item.item_row for item in with_them]
    assert len(rows) == len(set(rows)) == len(without)
    assert all(allowed[row] for row in rows)
    assert [item.rank for item in with_them] == list(range(1, len(rows) + 1))
    assert sum(item.note == NOTE for item in with_them) <= limit // 10
