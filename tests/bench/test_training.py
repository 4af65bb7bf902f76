"""The bench of training, on a shop of two clubs."""

import numpy as np
from training.benchmark.histories import Taken

from tests.bench import training
from tests.bench.training import Cost
from tests.training.benchmark.worlds import club_lines


def histories():
    return Taken.of({line.split()[0]: line.split()[1:] for line in club_lines()}).histories()


def test_growth_is_drawn_once_for_time_and_once_for_memory():
    page = training.drawn([Cost(30, 1.0, 0.2), Cost(120, 3.5, 0.3)])
    assert page.count("<svg") == 2
    assert "seconds to fit all parts" in page
    assert "peak memory, GB" in page


def test_the_reference_ranks_nothing_of_the_history_and_nothing_twice():
    past = histories()
    lists = training.gf_cf(past, past, seed=0)
    for (rows, _), own in zip(past, lists, strict=True):
        shown = own[own >= 0]
        assert not set(rows.tolist()) & set(shown.tolist())
        assert len(shown) == len(set(shown.tolist()))


def test_figures_are_one_a_user():
    past = histories()
    lists = np.zeros((len(past), training.K), np.int32)
    figures = training.per_user(lists, past)
    assert all(len(each) == len(past) for each in figures.values())
