"""Growth, by ten people whose figures were counted by hand, and by its laws."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.growth.doings import Doings, day_of
from recsys.growth.funnels import funnel
from recsys.growth.lifecycle import lifecycle
from recsys.growth.north_star import FACTORS, contributions, series
from recsys.growth.nps import Nps, nps, weighted
from recsys.growth.referrals import NOBODY, referrals
from recsys.growth.retention import bracket, retention
from recsys.growth.stickiness import stickiness

# Four weeks of ten people: the days, from 0 to 27, on which each of them bought.
TEN = {
    0: [0, 7, 14, 21], 1: [1, 8, 22], 2: [2], 3: [3, 4, 5], 4: [9, 16], 5: [10], 6: [13, 27],
    7: [15, 16, 17], 8: [20, 21], 9: [26],
}  # fmt: skip


def doings(days_of: dict[int, list[int]], *, until: int = 28) -> Doings:
    pairs = [(person, day) for person, days in days_of.items() for day in days]
    person, day = np.array(pairs, np.int64).reshape(-1, 2).T
    return Doings.of(person, day, until=until)


def test_the_lifecycle_of_ten_people() -> None:
    weeks = lifecycle(doings(TEN), days=7)
    told = [(w.new, w.current, w.resurrected, w.dormant, w.active) for w in weeks]
    assert told == [(4, 0, 0, 0, 4), (3, 2, 0, 2, 5), (2, 2, 0, 3, 4), (1, 2, 2, 2, 5)]
    assert [w.pulse for w in weeks] == [None, 1.5, pytest.approx(2 / 3), 1.5]
    assert [w.first_day for w in weeks] == [0, 7, 14, 21]


def test_the_retention_of_ten_people() -> None:
    seven, one = retention(doings(TEN), [7, 1])
    # Old enough for day 7: the first eight but person 8 (first on 20: 27 is over) counts as well.
    assert (seven.people, seven.on, seven.after) == (9, 3 / 9, 4 / 9)
    # On day 1: person 3 (3, 4), 7 (15, 16) and 8 (20, 21) of all ten, whose day 1 is over.
    assert (one.people, one.on, one.after) == (10, 3 / 10, 7 / 10)
    assert bracket(doings(TEN), 1, 7) == 6 / 9
    assert retention(doings({}), [7])[0].on is None


def test_the_stickiness_of_ten_people() -> None:
    month = stickiness(doings(TEN))
    assert month.monthly == 10
    assert month.daily == pytest.approx(22 / 30)
    assert month.at_least[:4] == (1.0, 0.7, 0.4, 0.1)
    assert stickiness(doings({})).ratio is None


def test_the_north_star_of_ten_people() -> None:
    first, second, *_ = series(doings(TEN), doings(TEN), days=7)
    assert (first.reachable, first.breadth, first.frequency) == (4, 1.0, 6 / 4)
    assert (second.reachable, second.breadth) == (7, 5 / 7)
    assert [first.total, second.total] == pytest.approx([6.0, 5.0])
    added = contributions(first, second)
    assert added is not None
    assert sum(added.values()) == pytest.approx(-1.0)


PEOPLE = st.dictionaries(
    st.integers(0, 9), st.lists(st.integers(0, 59), min_size=1, max_size=9), min_size=1
)


@given(PEOPLE, st.integers(1, 15))
def test_who_is_active_was_active_or_came_and_did_not_leave(
    people: dict[int, list[int]], days: int
) -> None:
    before = 0
    for period in lifecycle(doings(people, until=60), days=days):
        assert period.active == before + period.new + period.resurrected - period.dormant
        before = period.active


@given(PEOPLE)
def test_unbounded_retention_never_rises_within_a_cohort(people: dict[int, list[int]]) -> None:
    cohort = {person: [0, *days] for person, days in people.items()}
    after = [one.after for one in retention(doings(cohort, until=60), range(60))]
    assert all(earlier >= later for earlier, later in pairwise(after) if earlier and later)


@given(PEOPLE, st.integers(1, 15))
def test_the_factors_rebuild_the_total_and_explain_its_change(
    people: dict[int, list[int]], days: int
) -> None:
    found = series(doings(people, until=60), doings(people, until=60), days=days)
    assert sum(one.total for one in found) == pytest.approx(sum(map(len, people.values())))
    for before, now in pairwise(found):
        added = contributions(before, now)
        if added is not None:
            assert set(added) == set(FACTORS)
            assert sum(added.values()) == pytest.approx(now.total - before.total, abs=1e-9)


@given(PEOPLE, st.integers(1, 59))
def test_what_happens_later_changes_nothing_of_before(
    people: dict[int, list[int]], until: int
) -> None:
    earlier = {p: [d for d in days if d < until] for p, days in people.items()}
    assert lifecycle(doings(people, until=until), days=7) == lifecycle(
        doings({p: days for p, days in earlier.items() if days}, until=until), days=7
    )


def test_a_funnel_goes_forward_in_time_and_ends_in_time() -> None:
    def at(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        person, when = np.array(pairs, np.int64).T
        return person, when * 1_000_000

    steps = funnel(
        ["view", "cart", "purchase"],
        {
            "view": at((0, 10), (1, 10), (2, 10), (3, 10)),
            "cart": at((0, 20), (1, 5), (2, 30), (3, 500)),
            "purchase": at((0, 25), (2, 200), (4, 20)),
        },
        within=100_000_000,
    )
    assert [(one.people, one.share, one.median_seconds) for one in steps] == [
        (4, None, None), (2, 0.5, 15.0), (1, 0.5, 5.0),
    ]  # fmt: skip


def test_referrals_of_ten_people() -> None:
    by = np.array([NOBODY] * 10, np.int64)
    # 4 and 5 are new in the second week, brought by 0; 7 in the third, by 1.
    by[[4, 5]], by[7] = 0, 1
    weeks = referrals(doings(TEN), by, days=7)
    told = [(one.new, one.referred, one.referrers, one.per_active) for one in weeks]
    assert told == [(4, 0, 0, None), (3, 2, 1, 2 / 4), (2, 1, 1, 1 / 5), (1, 0, 0, 0.0)]
    assert [one.share for one in weeks] == [0.0, 2 / 3, 0.5, 0.0]


def test_efficiency_is_events_for_each_session_of_the_interval() -> None:
    first, second, *_ = series(doings(TEN), doings(TEN), days=7, sessions={0: 5, 6: 5, 7: 30})
    assert (first.efficiency, second.efficiency) == (6 / 10, 5 / 30)
    assert series(doings(TEN), doings(TEN), days=7)[0].efficiency is None


def test_the_promoter_score_has_an_interval_and_weights() -> None:
    found = nps(np.array([10.0, 9.0, 9.0, 8.0, 7.0, 6.0, 0.0, 10.0, 3.0, 10.0]), asked=40)
    assert (found.promoters, found.passives, found.detractors) == (5, 2, 3)
    assert found.response_rate == 0.25
    assert found.score is not None
    assert found.score.value == pytest.approx(0.2)
    assert found.score.high - 0.2 == pytest.approx(1.959964 * np.sqrt((0.8 - 0.04) / 10))
    silent = nps(np.array([]))
    assert silent == Nps(None, 0, 0, 0, None)
    both = weighted({"a": found, "b": silent}, {"a": 10, "b": 90})
    assert both is not None
    assert both.value == pytest.approx(0.2)


def test_days_are_written_as_dates() -> None:
    assert day_of(0) == "1970-01-01"
