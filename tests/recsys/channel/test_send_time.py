"""When to send: a person's own hours, shrunk to everybody's."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from recsys.channel.activity_hours import (
    LIKENESS,
    Rhythm,
    fit,
    posterior,
    slot_of,
    slots,
    within_an_hour,
)
from recsys.channel.send_time import best_time, best_times
from recsys.channel.terms import NONE
from recsys.data.interactions import NO_EVENTS, UserEvents
from recsys.data.person import Context
from recsys.data.times import DAY, HOUR, QUARTER, SECOND, is_quiet, local_hour, micros
from tests.present import present
from tests.recsys.channel.cases import MIDNIGHT, MONDAY_NOON, TERMS, person

UTC = ZoneInfo("UTC")


def at_hours(*hours: int, days: int = 60) -> np.ndarray:
    """Return an event a day at one of the hours in turn, up to the day before the Monday."""
    midnight = MONDAY_NOON - 12 * HOUR
    each = [midnight - (n + 1) * DAY + hours[n % len(hours)] * HOUR for n in range(days)]
    return np.array(sorted(each), np.int64)


def active(*hours: int) -> UserEvents:
    at = at_hours(*hours)
    n = len(at)
    return structs.replace(
        NO_EVENTS,
        at=at,
        item_row=np.zeros(n, np.int32),
        kind=np.zeros(n, np.int8),
        quantity=np.ones(n, np.float32),
        value=np.ones(n),
    )


NOON_PEOPLE = fit(at_hours(12), UTC)


def test_whoever_shops_in_the_evening_is_written_to_in_the_evening() -> None:
    found = present(best_time(person(past=active(19)), "email", NOON_PEOPLE, TERMS))
    assert found.at == MONDAY_NOON + 7 * HOUR
    assert found.gain > 0.3
    assert 0.8 < found.confidence < 1


def test_of_a_stranger_everybodys_hour_is_told_without_gain_or_confidence() -> None:
    found = present(best_time(person(at=MONDAY_NOON - 3 * HOUR), "email", NOON_PEOPLE, TERMS))
    assert (found.at, found.gain, found.confidence) == (MONDAY_NOON, 0.0, 0.0)


def test_in_the_best_hour_it_goes_out_now() -> None:
    now = MONDAY_NOON + HOUR // 2
    found = present(best_time(person(at=now), "email", NOON_PEOPLE, TERMS))
    assert found.at == now


def test_a_night_owl_gets_push_at_the_nearest_allowed_hour_and_mail_at_night() -> None:
    owl = person(past=active(23))
    push, mail = (best_time(owl, arm, NOON_PEOPLE, TERMS) for arm in ("push", "email"))
    assert push is not None
    assert mail is not None
    assert local_hour(push.at, UTC) == 20
    assert local_hour(mail.at, UTC) == 23
    assert push.hit < mail.hit


def test_the_nearest_allowed_hour_may_be_the_one_that_begins_now() -> None:
    before_eight = person(at=MONDAY_NOON - 5 * HOUR + 54 * (HOUR // 60), past=active(4))
    found = present(best_time(before_eight, "push", NOON_PEOPLE, TERMS))
    assert local_hour(found.at, UTC) == 8
    assert found.at - before_eight.at == 6 * (HOUR // 60)


def test_hours_are_those_of_the_receivers_clock() -> None:
    tokyo = person(past=active(3), context=Context(timezone="Asia/Tokyo"))
    found = present(best_time(tokyo, "push", NOON_PEOPLE, TERMS))
    assert local_hour(found.at, ZoneInfo("Asia/Tokyo")) == 12


def test_nothing_is_told_of_none_or_where_nothing_is_known() -> None:
    assert best_time(person(), NONE, NOON_PEOPLE, TERMS) is None
    assert best_time(person(), "email", None, TERMS) is None
    assert fit(np.empty(0, np.int64), UTC) is None


def test_what_was_long_ago_counts_less() -> None:
    midnight = MONDAY_NOON - 12 * HOUR
    old = np.array([midnight - (400 + n) * DAY + 9 * HOUR for n in range(40)])
    new = np.array([midnight - (1 + n) * DAY + 18 * HOUR for n in range(20)])
    at = np.sort(np.concatenate([old, new]))
    mixed = structs.replace(active(1), at=at, **{
        name: np.ones(60, getattr(NO_EVENTS, name).dtype)
        for name in ("item_row", "kind", "quantity", "value")
    })  # fmt: skip
    found = present(best_time(person(past=mixed), "email", NOON_PEOPLE, TERMS))
    assert local_hour(found.at, UTC) == 18


def test_slots_count_from_monday() -> None:
    assert slots(np.array([MONDAY_NOON, MIDNIGHT]), UTC).tolist() == [12, 24]
    assert LIKENESS.diagonal().tolist() == [1.0] * 7
    assert LIKENESS[0, 4] > LIKENESS[0, 5]


@given(st.lists(st.integers(0, 7 * 24 - 1), max_size=30))
def test_a_posterior_is_a_distribution_over_hours(slot: list[int]) -> None:
    found = posterior(np.array(slot, np.int64), np.ones(len(slot)), flat())
    assert found.sum(axis=1) == pytest.approx(np.ones(7))
    assert (found > 0).all()
    assert within_an_hour(found).sum(axis=1) == pytest.approx(np.full(7, 3.0))


@given(st.integers(0, 24 * 14), st.sampled_from(["email", "push", "sms"]), st.integers(0, 23))
def test_it_is_never_in_quiet_hours_nor_past_a_day(ahead: int, arm: str, hour: int) -> None:
    someone = person(at=MONDAY_NOON + ahead * HOUR + 7, past=active(hour))
    found = present(best_time(someone, arm, flat(), TERMS))
    assert 0 <= found.at - someone.at < DAY
    assert 0 <= found.hit <= 1
    if arm != "email":
        assert not is_quiet(local_hour(found.at, UTC), 21, 8)


def flat() -> Rhythm:
    return Rhythm(np.full((7, 24), 1 / 24))


def test_hours_of_many_are_those_of_each() -> None:
    who = [
        person(past=active(hour), at=MONDAY_NOON + n * HOUR // 3)
        for n, hour in enumerate(range(20))
    ]
    zones = (Context(timezone=zone) for zone in ("Asia/Tokyo", "America/New_York"))
    who += [person(context=context) for context in zones]
    arms = [("email", "push", "sms", NONE)[n % 4] for n in range(len(who))]
    together = best_times(who, arms, NOON_PEOPLE, TERMS)
    alone = [best_time(one, arm, NOON_PEOPLE, TERMS) for one, arm in zip(who, arms, strict=True)]
    assert together == alone
    assert sum(found is None for found in together) == arms.count(NONE)


@given(
    st.lists(st.integers(0, 2_000_000_000), max_size=80),
    st.sampled_from(["UTC", "Europe/London", "Australia/Lord_Howe", "Africa/Casablanca"]),
)
def test_slots_are_those_of_a_clock_on_the_wall(seconds: list[int], name: str) -> None:
    at, there = np.array(seconds, np.int64) * SECOND, ZoneInfo(name)
    assert slots(at, there).tolist() == [slot_of(int(one), there) for one in at]


def test_slots_turn_with_the_clock_within_a_day() -> None:
    turns = micros(datetime(2025, 3, 30, tzinfo=UTC))
    at = np.arange(turns - DAY, turns + 2 * DAY, QUARTER)
    there = ZoneInfo("Europe/Paris")
    assert slots(at, there).tolist() == [slot_of(int(one), there) for one in at]
