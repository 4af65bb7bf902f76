"""Whatever a crowd says, merges, parts and erases: nothing is used that its words do not allow."""

from __future__ import annotations

import pytest

from recsys.data.times import SECOND
from recsys.storage.database.interface import Database
from tests.adversary.ledger import Crowd

CHANNELS = ("email", "push", "sms")


@pytest.mark.parametrize(("seed", "size", "parting"), [(1, 12, 8), (2, 6, 60), (3, 5, 60)])
def test_nothing_is_used_that_the_words_of_a_crowd_do_not_allow(
    database: Database, seed: int, size: int, parting: int
) -> None:
    crowd, granted = Crowd(database, CHANNELS, seed=seed, size=size, parting=parting), 0
    for number in range(400):
        now = 10_000_000_000 + number * 60 * SECOND
        crowd.step(now)
        user, state = crowd.ask(now)
        assert crowd.wrongs(user, state) == [], f"step {number}, {user}"
        granted += bool(state.channels)
    assert granted > 40
    assert min(crowd.taken.values()) > 0
