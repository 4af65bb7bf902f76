"""Items that are described alike."""

import numpy as np

from recsys.algorithms import content_neighbours
from recsys.algorithms.neighbours import ItemNeighbours

TITLES = (
    "RED RETROSPOT TEACUP",
    "BLUE POLKADOT TEACUP",
    "RED RETROSPOT TEACUP SET",
    "WOODEN TRAIN",
    "",
)
CATEGORIES = ("cups", "cups", "cups", "toys", "")
PRICE = np.array([2.0, 2.1, 8.0, 5.0, np.nan], np.float32)


def graph(neighbours: int = 3, titles: tuple[str, ...] = TITLES) -> ItemNeighbours:
    return content_neighbours.fit(titles, CATEGORIES, PRICE, neighbours=neighbours)


def test_the_most_alike_item_comes_first() -> None:
    rows, similarity = graph().of_item(0)
    assert rows.tolist() == [2, 1]
    assert 0 < similarity[1] < similarity[0] < 1


def test_an_item_that_shares_nothing_or_says_nothing_has_no_neighbours() -> None:
    assert len(graph().of_item(3)[0]) == 0
    assert len(graph().of_item(4)[0]) == 0


def test_at_most_the_strongest_are_kept() -> None:
    assert graph(neighbours=1).of_item(0)[0].tolist() == [2]


def test_a_history_scores_what_is_described_like_it() -> None:
    score = graph().score(np.array([1], np.int32), np.ones(1, np.float32))
    assert score.argmax() == 0
    assert score[3] == 0


def test_the_same_words_at_the_same_price_are_alike_to_one() -> None:
    _, similarity = graph(titles=("TEACUP", "TEACUP", "A", "B", "C")).of_item(0)
    assert abs(similarity[0] - 1) < 1e-6


def test_only_the_wanted_items_get_neighbours() -> None:
    wanted = np.array([False, True, False, False, False])
    some = content_neighbours.fit(TITLES, CATEGORIES, PRICE, neighbours=3, wanted=wanted)
    assert np.diff(some.indptr).tolist() == [0, 2, 0, 0, 0]
    np.testing.assert_array_equal(some.of_item(1)[0], graph().of_item(1)[0])


def test_nothing_known_of_any_item_is_no_edge() -> None:
    nothing = content_neighbours.fit(
        ("", ""), ("", ""), np.full(2, np.nan, np.float32), neighbours=3
    )
    assert nothing.n_items == 2
    assert len(nothing.data) == 0


def test_words_leave_out_numbers_and_single_letters() -> None:
    assert content_neighbours.words("SET/6 T-LIGHTS 2nd", "cups", 4.0) == [
        "set",
        "lights",
        "nd",
        "category:cups",
        "price:2",
    ]
