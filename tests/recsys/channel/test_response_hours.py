"""At which hours a person responds to one channel."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from recsys.channel.activity_hours import Rhythm, fit, posterior, posterior_of_sent, slots
from recsys.channel.response_hours import ChannelHours, SentBefore
from recsys.channel.send_time import best_time
from recsys.data.person import Person, Reaction
from recsys.data.times import DAY, HOUR, local_hour
from tests.present import present
from tests.recsys.channel.cases import MONDAY_NOON, TERMS, person
from tests.recsys.channel.test_send_time import NOON_PEOPLE, active

UTC = ZoneInfo("UTC")
FLAT = np.full((7, 24), 1 / 24)
SLOTS = st.lists(st.integers(0, 7 * 24 - 1), max_size=30)
MIDNIGHT_BEFORE = MONDAY_NOON - 12 * HOUR


def peak(hour: int) -> np.ndarray:
    """Return the hours of people who mostly respond at one hour, on any day."""
    rhythm = present(fit(MIDNIGHT_BEFORE + hour * HOUR - np.arange(280) * DAY, UTC))
    return rhythm.everybody


def sent_before(*rows: tuple[int, int, bool]) -> SentBefore:
    """Return what user 0 got, from rows (channel, hour, responded), one a day up to yesterday."""
    channel, hour, responded = zip(*rows, strict=True) if rows else ((), (), ())
    days = np.arange(len(rows), 0, -1) * DAY
    return SentBefore(
        indptr=np.array([0, len(rows), len(rows)]),
        channel=np.array(channel, np.int8),
        at=MIDNIGHT_BEFORE - days + np.array(hour, np.int64) * HOUR,
        responded=np.array(responded, bool),
    )


def learnt(
    *rows: tuple[int, int, bool], by_channel: bool = True, by_person: bool = True
) -> ChannelHours:
    """Return what says that e-mail is responded to at 9, push at 19 and SMS at 13."""
    return ChannelHours(
        everybody=np.stack([peak(9), peak(19), peak(13)]),
        carries=np.zeros(3),
        by_channel=np.full(3, by_channel),
        by_person=np.full(3, by_person),
        opens_count=np.array([True, False, False]),
        window=np.array([7 * DAY, DAY, 3 * DAY]),
        until=MONDAY_NOON - 6 * DAY,
        sent=sent_before(*rows),
    )


def told(someone: Person, arm: str, hours: ChannelHours | None) -> tuple[int, str]:
    found = present(best_time(someone, arm, NOON_PEOPLE, TERMS, hours))
    return local_hour(found.at, UTC), found.because


def test_every_channel_has_its_own_hour() -> None:
    someone = person(user_row=1)
    assert [told(someone, arm, learnt())[0] for arm in TERMS.names] == [9, 19, 13]
    assert told(someone, "email", learnt())[1] == "from everybody's responses to email"


def test_a_channel_that_is_not_known_to_differ_is_answered_from_all_channels() -> None:
    unknown = learnt((0, 6, True), by_channel=False, by_person=False)
    for someone in (person(user_row=1), person(past=active(15)), person(user_row=None)):
        for arm in TERMS.names:
            as_today = best_time(someone, arm, NOON_PEOPLE, TERMS)
            assert best_time(someone, arm, NOON_PEOPLE, TERMS, unknown) == as_today
    assert told(person(past=active(15)), "email", None) == (15, "from own activity in all channels")
    assert told(person(), "email", None) == (12, "from everybody's activity")


def test_what_a_person_responded_to_moves_that_channel_alone() -> None:
    mornings = [(0, 6, True), (0, 9, False)] * 14
    hours = learnt(*mornings)
    assert told(person(), "email", hours) == (6, "from 14 own responses to email")
    assert told(person(), "push", hours)[0] == 19
    assert told(person(), "sms", hours) == (13, "from everybody's responses to sms")
    assert told(person(user_row=1), "email", hours)[0] == 9


def test_own_responses_serve_without_the_channels_hours_too() -> None:
    hours = learnt(*[(0, 6, True), (0, 12, False)] * 14, by_channel=False)
    assert told(person(), "email", hours) == (6, "from 14 own responses to email")


def test_whoever_is_always_written_to_at_one_hour_says_nothing_by_responding_then() -> None:
    hours = learnt(*[(0, 15, True)] * 30)
    assert told(person(), "email", hours)[0] == 9


def test_a_response_of_a_moment_ago_counts_at_once() -> None:
    flat = replace(learnt(), everybody=np.tile(FLAT, (3, 1, 1)))
    sent = tuple(MIDNIGHT_BEFORE - n * DAY + hour * HOUR for n in (4, 3, 2, 1) for hour in (6, 9))
    before = person(messages={"email": sent})
    answers = tuple(Reaction("email", at, at + HOUR, opened=False) for at in sent[::2])
    assert told(before, "email", flat) == (12, "from everybody's responses to email")
    after = structs.replace(before, reactions=answers)
    assert told(after, "email", flat) == (6, "from 4 own responses to email")
    assert told(structs.replace(after, user_row=None), "email", flat)[0] == 6
    one = structs.replace(before, reactions=answers[:1])
    assert told(one, "email", flat)[1] == "from 1 own response to email"


@pytest.mark.parametrize(
    ("reaction", "counts"),
    [
        (Reaction("email", MIDNIGHT_BEFORE - DAY, MIDNIGHT_BEFORE, opened=True), 1),
        (Reaction("push", MIDNIGHT_BEFORE - DAY, MIDNIGHT_BEFORE, opened=True), 0),
        (Reaction("push", MIDNIGHT_BEFORE - DAY, MIDNIGHT_BEFORE, opened=False), 1),
        (Reaction("push", MIDNIGHT_BEFORE - DAY, MIDNIGHT_BEFORE + 1, opened=False), 0),
        (Reaction("email", MIDNIGHT_BEFORE - 2 * DAY, MIDNIGHT_BEFORE, opened=False), 0),
    ],
)
def test_what_counts_live_is_what_training_counts(reaction: Reaction, counts: int) -> None:
    channel = reaction.channel
    someone = person(messages={channel: (MIDNIGHT_BEFORE - DAY,)}, reactions=(reaction,))
    sent = learnt().sent_to(someone, channel, TERMS.names.index(channel))
    assert (len(sent.at), int(sent.responded.sum())) == (1, counts)


def test_what_training_has_seen_does_not_count_twice() -> None:
    hours = replace(learnt((0, 9, True)), until=MONDAY_NOON - 2 * DAY)
    someone = person(messages={"email": (MONDAY_NOON - 3 * DAY, MONDAY_NOON - DAY)})
    assert hours.sent_to(someone, "email", 0).at.tolist() == [
        MIDNIGHT_BEFORE - DAY + 9 * HOUR,
        MONDAY_NOON - DAY,
    ]


def test_confidence_grows_with_what_is_the_persons_own() -> None:
    few, many = learnt((0, 9, True)), learnt(*[(0, 9, True), (0, 12, False)] * 20)
    found = [best_time(person(), "email", NOON_PEOPLE, TERMS, hours) for hours in (few, many)]
    least, most = (each.confidence for each in found if each is not None)
    assert 0 < least < 0.2 < 0.7 < most < 1


def test_as_much_of_the_own_rhythm_carries_over_as_was_learnt() -> None:
    assert NOON_PEOPLE is not None
    hours = replace(learnt(), everybody=np.tile(NOON_PEOPLE.everybody, (3, 1, 1)))
    own = posterior(slots(active(19).at, UTC), np.ones(60), NOON_PEOPLE)
    whole = replace(hours, carries=np.ones(3)).moved(own, NOON_PEOPLE, 0)
    assert whole == pytest.approx(own)
    assert hours.moved(own, NOON_PEOPLE, 0) == pytest.approx(NOON_PEOPLE.everybody)


@given(SLOTS)
def test_where_all_hours_were_used_alike_responses_count_as_activity_does(slot: list[int]) -> None:
    responded = np.array(slot, np.int64)
    everywhere = np.concatenate([np.tile(np.arange(168), 3), responded])
    hit = np.arange(len(everywhere)) >= 168 * 3
    # Each response has a silent message for every other hour of the week.
    silent = np.concatenate([np.delete(np.arange(168), one) for one in slot] or [responded])
    sent = np.concatenate([everywhere, silent])
    found = posterior_of_sent(
        sent, np.ones(len(sent)), np.append(hit, np.zeros(len(silent), bool)), FLAT
    )
    assert found == pytest.approx(posterior(responded, np.ones(len(slot)), Rhythm(FLAT)))


@given(SLOTS, st.lists(st.booleans(), min_size=30, max_size=30))
def test_responses_make_a_distribution_over_hours(slot: list[int], lots: list[bool]) -> None:
    sent, responded = np.array(slot, np.int64), np.array(lots[: len(slot)], bool)
    found = posterior_of_sent(sent, np.ones(len(slot)), responded, FLAT)
    assert found.sum(axis=1) == pytest.approx(np.ones(7))
    assert (found > 0).all()


def test_one_hour_of_sending_leaves_what_was_believed() -> None:
    sent, prior = np.full(50, 24 * 2 + 15), peak(9)
    found = posterior_of_sent(sent, np.ones(50), np.ones(50, bool), prior)
    away = np.r_[0:13, 18:24]
    assert found[2, away] / found[2, 9] == pytest.approx(prior[2, away] / prior[2, 9])
    assert found[2].argmax() == 9


def test_messages_without_a_response_are_held_against_their_hour() -> None:
    sent = np.repeat([9, 15], 20)
    found = posterior_of_sent(sent, np.ones(40), np.arange(40) < 4, FLAT)
    assert found[0, 9] > FLAT[0, 3] > found[0, 15]
