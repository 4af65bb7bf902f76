"""What comes after what a user took last."""

import numpy as np

from recsys.items.sequence import LATEST, Order
from tests.present import present
from tests.recsys.items.shop import AT, N_ITEMS, PURCHASE, RETURN, VIEW, WEIGHTS, events
from tests.training.items.test_measure import CONFIG
from tests.training.items.test_sequences import chains
from training.items import sequences


def order() -> Order:
    return present(sequences.fit(chains().interactions, CONFIG))


def test_what_follows_the_last_item_comes_first() -> None:
    for said in order().said(np.array([3, 4], np.int32)):
        assert said.argmax() == 5


def test_the_order_of_a_history_decides_what_comes_next() -> None:
    there, back = (order().said(np.array(rows, np.int32)) for rows in ([2, 7], [7, 2]))
    assert there[0].argmax() == 8
    assert back[0].argmax() == 3


def test_an_empty_history_says_nothing() -> None:
    assert not order().said(np.empty(0, np.int32)).any()


def test_the_latest_events_that_speak_for_an_item_are_looked_at_oldest_first() -> None:
    past = events(*((item % N_ITEMS, PURCHASE, 50 + item) for item in range(LATEST)))
    live = events((5, VIEW, 101), (6, RETURN, 102), (-1, PURCHASE, 103))
    history = WEIGHTS.history(past, live, at=AT)
    assert history.latest.tolist() == [*(item % N_ITEMS for item in range(1, LATEST)), 5]
