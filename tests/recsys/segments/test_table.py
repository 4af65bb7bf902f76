"""Which segment a person is in."""

from __future__ import annotations

import numpy as np

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.person import NO_SEGMENT
from recsys.data.times import DAY
from recsys.segments import rfm, table
from recsys.segments.table import SegmentTable


def fitted(n_france: int = 25, n_malta: int = 19, n_silent: int = 2) -> SegmentTable:
    """Group users who each ordered once, the last `n_silent` (French) never."""
    ids = IdMap.of(f"{number:03d}" for number in range(n_france + n_malta + n_silent))
    n = n_france + n_malta
    orders = Interactions.of(
        ids,
        IdMap.of(["item"]),
        ("purchase",),
        user_row=np.arange(n, dtype=np.int32),
        events=UserEvents(
            np.zeros(n, np.int32),
            np.zeros(n, np.int8),
            np.arange(n) * DAY,
            np.ones(n, np.float32),
            np.ones(n),
        ),
    )
    trait = ["France"] * n_france + ["Malta"] * n_malta + ["France"] * n_silent
    return table.fit(orders, trait, trait_name="country", at=n * DAY)


def test_rfm_segments_come_first_then_large_enough_trait_values() -> None:
    assert fitted().names == (*(f"rfm:{name}" for name in rfm.NAMES), "country:France")


def test_a_trait_value_of_few_ordering_users_is_suppressed() -> None:
    segments = fitted(n_france=19, n_malta=20, n_silent=10)
    assert segments.names[-1] == "country:Malta"
    assert segments.row("country:France") == NO_SEGMENT


def test_an_unknown_trait_value_makes_no_segment() -> None:
    ids = IdMap.of(f"{number:03d}" for number in range(30))
    nothing = np.arange(30, dtype=np.int32)
    orders = Interactions.of(
        ids,
        IdMap.of([]),
        ("purchase",),
        user_row=nothing,
        events=UserEvents(
            nothing,
            np.zeros(30, np.int8),
            np.arange(30) * DAY,
            np.ones(30, np.float32),
            np.ones(30),
        ),
    )
    segments = table.fit(orders, [""] * 30, trait_name="country", at=30 * DAY)
    assert len(segments.names) == len(rfm.NAMES)
    assert (segments.user_trait == NO_SEGMENT).all()


def test_a_known_user_is_in_the_segment_of_the_own_behaviour() -> None:
    segments = fitted()
    assert segments.names[segments.of_user(43)] == "rfm:new"
    assert segments.names[segments.of_user(0)] == "rfm:lost"


def test_a_user_without_an_order_is_in_the_segment_of_the_stored_trait() -> None:
    segments = fitted()
    assert segments.of_user(44) == segments.row("country:France")


def test_what_the_moment_says_of_the_trait_comes_before_the_stored_one() -> None:
    segments = fitted(n_malta=20)
    malta = segments.row("country:Malta")
    assert segments.of_user(45, trait_row=malta) == malta


def test_an_unknown_user_is_in_the_segment_of_the_trait_or_in_none() -> None:
    segments = fitted()
    assert segments.of_user(None, trait_row=11) == 11
    assert segments.of_user(None) == NO_SEGMENT


def test_members_of_all_rfm_segments_are_the_users_who_ordered() -> None:
    segments = fitted()
    inside = [segments.members(row) for row in range(len(rfm.NAMES))]
    assert np.sum(inside, axis=0).tolist() == [1] * 44 + [0] * 2


def test_a_trait_segment_holds_users_without_an_order_too() -> None:
    segments = fitted()
    assert segments.members(segments.row("country:France")).sum() == 27


def test_nobody_is_a_member_of_no_segment() -> None:
    assert not fitted().members(NO_SEGMENT).any()


def test_a_name_that_does_not_exist_has_no_row() -> None:
    assert fitted().row("rfm:whales") == NO_SEGMENT
