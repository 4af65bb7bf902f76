"""All parts together."""

from recsys.ladder import Question, RungName
from tests.recsys.items.shop import EVERYTHING, allowed, models

MODELS = models()


def test_the_ladder_has_four_rungs_highest_first():
    ladder = MODELS.ladder({})
    assert ladder.question is Question.ITEMS
    assert [rung.name for rung in ladder.rungs] == [
        RungName.HYPER,
        RungName.ONE_TO_ONE,
        RungName.SEGMENT,
        RungName.POPULAR,
    ]


def test_rungs_share_the_arrays_of_the_models():
    hyper, one_to_one, *_ = MODELS.ladder({}).rungs
    assert hyper.one_to_one is one_to_one
    assert one_to_one.taste.base is MODELS.neighbours


def test_similar_items_are_of_the_same_club_and_never_the_item_itself():
    ranking = MODELS.similar(5, 10, allowed=EVERYTHING)
    assert set(ranking.item_row.tolist()) == {4, 6, 7}
    assert ranking.because.tolist() == [5, 5, 5]


def test_similar_items_respect_the_mask_and_the_limit():
    assert MODELS.similar(5, 10, allowed=allowed(6)).item_row.tolist() == [6]
    assert len(MODELS.similar(5, 2, allowed=EVERYTHING)) == 2


def test_no_allowed_neighbour_is_nothing():
    assert MODELS.similar(5, 10, allowed=allowed(0)) is None
