"""All parts together."""

from dataclasses import replace

import numpy as np

from recsys.algorithms.neighbours import ItemNeighbours
from recsys.items.hyper import HyperItems
from recsys.ladder import Question, RungName
from tests.present import present
from tests.recsys.items.shop import EVERYTHING, N_ITEMS, allowed, models

MODELS = models()


def test_the_ladder_has_four_rungs_highest_first() -> None:
    ladder = MODELS.ladder({})
    assert ladder.question is Question.ITEMS
    assert [rung.name for rung in ladder.rungs] == [
        RungName.HYPER,
        RungName.ONE_TO_ONE,
        RungName.SEGMENT,
        RungName.POPULAR,
    ]


def test_rungs_share_the_arrays_of_the_models() -> None:
    hyper, one_to_one, *_ = MODELS.ladder({}).rungs
    assert isinstance(hyper, HyperItems)
    assert hyper.one_to_one is one_to_one
    assert hyper.one_to_one.taste.base is MODELS.neighbours


def test_similar_items_are_of_the_same_club_and_never_the_item_itself() -> None:
    ranking = present(MODELS.similar(5, 10, allowed=EVERYTHING))
    assert set(ranking.item_row.tolist()) == {4, 6, 7}
    assert ranking.because.tolist() == [5, 5, 5]


def test_similar_items_respect_the_mask_and_the_limit() -> None:
    assert present(MODELS.similar(5, 10, allowed=allowed(6))).item_row.tolist() == [6]
    assert len(present(MODELS.similar(5, 2, allowed=EVERYTHING))) == 2


def test_no_allowed_neighbour_is_nothing() -> None:
    assert MODELS.similar(5, 10, allowed=allowed(0)) is None


def test_an_item_that_nobody_took_is_similar_to_what_is_described_alike() -> None:
    nobody = np.zeros(N_ITEMS + 1, np.int64)
    of_five = np.where(np.arange(N_ITEMS + 1) > 5, 1, 0)
    no_edges = (np.empty(0, np.int32), np.empty(0, np.float32))
    alike = ItemNeighbours(of_five, np.array([2], np.int32), np.ones(1, np.float32))
    cold = replace(MODELS, neighbours=ItemNeighbours(nobody, *no_edges), content=alike)
    ranking = present(cold.similar(5, 10, allowed=EVERYTHING))
    assert (ranking.source, ranking.item_row.tolist()) == ("content", [2])
    assert cold.similar(4, 10, allowed=EVERYTHING) is None
    warm = present(replace(MODELS, content=alike).similar(5, 1, allowed=EVERYTHING))
    assert warm.source == "neighbours"
