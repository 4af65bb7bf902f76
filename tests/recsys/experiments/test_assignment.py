import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.experiments.assignment import BUCKETS, bucket, new_salt, place, ranges
from recsys.experiments.draw import WEEK, Running
from recsys.experiments.experiment import read
from recsys.experiments.health import srm
from recsys.experiments.holdout import holdout
from tests.recsys.experiments.cases import TWO_PLACEMENTS, stepping

WEIGHTS = st.lists(st.integers(1, 50), min_size=2, max_size=5).map(
    lambda parts: [part / sum(parts) for part in parts]
)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("u1", 1121), ("42", 1058), ("12747", 2724), ("jörg", 9013), ("用户", 2643)],
)
def test_buckets_are_those_of_the_published_vectors(unit: str, expected: int) -> None:
    assert bucket("exp-1", unit) == expected


def test_another_process_gives_the_same_buckets() -> None:
    told = "from recsys.experiments.assignment import bucket; print(bucket('exp-1', 'u1'))"
    answer = subprocess.run([sys.executable, "-c", told], capture_output=True, check=True)
    assert int(answer.stdout) == 1121


@given(WEIGHTS, st.floats(0.01, 0.5), st.floats(0.5, 1.0), st.integers(0, BUCKETS - 1))
def test_more_coverage_moves_nobody_who_is_in(
    weights: list[float], less: float, more: float, at: int
) -> None:
    before = place(ranges(weights, less), at)
    assert before is None or place(ranges(weights, more), at) == before


@given(st.text(), st.text())
def test_whatever_the_id_there_is_a_bucket(salt: str, unit: str) -> None:
    assert 0 <= bucket(salt, unit) < BUCKETS


def test_experiments_in_other_slots_of_a_layer_share_nobody() -> None:
    both = [
        Running(name, 1, read({**TWO_PLACEMENTS, "layer": "home", "slots": slots}), new_salt(), 0)
        for name, slots in (("first", (0, 500)), ("second", (500, 1000)))
    ]
    drawn = [[one.drawn(f"u{n}", 0) for one in both] for n in range(500)]
    assert {len([variant for variant in of if variant]) for of in drawn} == {1}


def test_experiments_with_their_own_salts_are_independent() -> None:
    first, second = (Running(n, 1, read(TWO_PLACEMENTS), n, 0) for n in ("one", "other"))
    cells = [0, 0, 0, 0]
    for n in range(4_000):
        drawn = [one.drawn(f"u{n}", 0) == "tea" for one in (first, second)]
        cells[2 * drawn[0] + drawn[1]] += 1
    assert (srm(cells, [0.25] * 4) or 0) > 0.001


def test_a_step_is_drawn_anew_each_week_and_holds_within_it() -> None:
    step = Running("down", 1, read(stepping(epsilon=0.5)), "salt", 0)
    weeks = [{step.drawn("u1", week * WEEK + day) for day in (0, 3)} for week in range(40)]
    assert all(len({step.period(week * WEEK)}) == 1 for week in range(40))
    assert {"kept", "stepped"} == set.union(*weeks)


def test_the_holdout_and_its_comparison_are_as_large_and_share_nobody() -> None:
    of = held(2.0)
    drawn = Counter(of.drawn(f"u{n}", 0) for n in range(20_000))
    assert (srm([drawn["held_out"], drawn["answered"]], [0.5, 0.5]) or 0) > 0.001
    assert drawn["held_out"] == pytest.approx(400, abs=80)
    assert holdout(2.0, "", kind="purchase") is None
    assert holdout(0.0, "salt", kind="purchase") is None


def test_a_larger_holdout_is_the_same_with_more_people_and_another_salt_another() -> None:
    few, more = held(1.0), held(3.0)
    assert few.key == more.key != held(1.0, salt="other").key
    for unit in (f"u{n}" for n in range(2_000)):
        assert few.drawn(unit, 0) in {None, more.drawn(unit, 0)}


def held(percent: float, *, salt: str = "salt") -> Running:
    made = holdout(percent, salt, kind="purchase")
    assert made is not None
    return made
