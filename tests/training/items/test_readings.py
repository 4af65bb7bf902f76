"""How what was held out is read, and which ranker no reading speaks against."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.evaluation.split import Relevant
from training.items.held_out import HeldOutReading, readings
from training.items.readings import robust

N_USERS, N_ITEMS = 400, 20


def everything_wanted() -> Relevant:
    """Every user wants every item."""
    return Relevant(
        user_row=np.arange(N_USERS, dtype=np.int32),
        indptr=np.arange(N_USERS + 1, dtype=np.int64) * N_ITEMS,
        item_row=np.tile(np.arange(N_ITEMS, dtype=np.int32), N_USERS),
    )


def read(
    old: tuple[int, ...] = (), *, repeats: bool = True, seed: int = 3
) -> tuple[Relevant, dict[str, HeldOutReading]]:
    wanted = everything_wanted()
    had = np.isin(wanted.item_row, old)
    return wanted, readings(wanted, had, np.arange(N_ITEMS) ** 2, repeats=repeats, seed=seed)


def test_draws_lean_to_the_popular_and_to_the_rare() -> None:
    wanted, found = read()
    popular, rare = (found[f", drawn towards the {name}"].wanted for name in ("popular", "rare"))
    assert popular.sum() == rare.sum() == N_USERS * N_ITEMS / 2
    mean = wanted.item_row.mean()
    assert wanted.item_row[popular].mean() > mean + 1.5
    assert wanted.item_row[rare].mean() < mean - 1.5


def test_new_items_are_read_alone_where_there_are_old_ones() -> None:
    wanted, found = read(old=(0, 1))
    reading = found[", new to the user"]
    assert reading.only_new
    assert set(wanted.item_row[~reading.wanted].tolist()) == {0, 1}
    assert ", new to the user" not in read()[1]


def test_without_repeats_no_list_holds_what_was_had_before() -> None:
    _, found = read(repeats=False)
    assert all(reading.only_new for reading in found.values())


def test_the_same_seed_draws_the_same() -> None:
    first, second, other = (read(seed=seed)[1] for seed in (1, 1, 2))
    name = ", drawn towards the rare"
    np.testing.assert_array_equal(first[name].wanted, second[name].wanted)
    assert (first[name].wanted != other[name].wanted).any()


def judged(**rankers: tuple[float, float]) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return figures under two readings, a ranker's given as its means there, with little noise."""
    noise = np.random.default_rng(1).normal(0, 0.01, 500)
    return {
        reading: {name: means[place] + noise for name, means in rankers.items()}
        for place, reading in enumerate(("latest", "drawn towards the rare"))
    }


@pytest.mark.parametrize(
    ("learnt", "halfway", "chosen"),
    [
        ((0.40, 0.30), (0.35, 0.28), "learnt"),
        ((0.60, 0.20), (0.35, 0.28), "halfway"),
        ((0.60, 0.20), (0.35, 0.24), "sum"),
    ],
    ids=["best everywhere", "brittle, but for the one nearer to the sum", "all brittle"],
)
def test_what_serves_is_best_and_never_below_the_simple_ones(
    learnt: tuple[float, float], halfway: tuple[float, float], chosen: str
) -> None:
    figures = judged(part=(0.30, 0.20), sum=(0.32, 0.25), learnt=learnt, halfway=halfway)
    assert robust(figures, "part", ["sum"], ["learnt", "halfway"]) == chosen


def test_a_difference_of_less_than_a_hundredth_speaks_against_nothing() -> None:
    figures = judged(part=(0.30, 0.20), sum=(0.30, 0.25), learnt=(0.40, 0.25))
    rare = figures["drawn towards the rare"]
    rare["learnt"] = rare["learnt"] - 0.002
    assert robust(figures, "part", ["sum"], ["learnt"]) == "learnt"
    rare["learnt"] = rare["learnt"] - 0.002
    assert robust(figures, "part", ["sum"], ["learnt"]) == "sum"


def test_a_part_that_beats_every_sum_serves() -> None:
    figures = judged(part=(0.40, 0.30), sum=(0.30, 0.25), other=(0.2, 0.2))
    assert robust(figures, "part", ["sum", "other"], []) == "part"


def test_nobody_judged_is_no_reason_to_fail() -> None:
    nothing = {"latest": {"part": np.full(3, np.nan), "sum": np.full(3, np.nan)}}
    assert robust(nothing, "part", ["sum"], []) == "part"
