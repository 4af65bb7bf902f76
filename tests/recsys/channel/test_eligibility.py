"""Who may be sent what, and when."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from recsys.channel.eligibility import Exclusion, Offer, offers
from recsys.channel.recipients import Recipient
from recsys.data.person import Context, Person
from recsys.data.times import DAY, HOUR
from tests.recsys.channel.cases import ALL, MIDNIGHT, MONDAY_NOON, TERMS, person


def offers_for(someone: Person, offered: frozenset[str] | None = None) -> Sequence[Offer]:
    return offers(Recipient(someone), TERMS, offered=offered)


def excluded(**facts: object) -> list[str]:
    found = zip(TERMS.channels, offers_for(person(**facts)), strict=True)
    return [Exclusion(offer.excluded).of(channel) for channel, offer in found]


def test_all_granted_channels_are_open_at_noon() -> None:
    assert excluded() == ["", "", ""]


def test_unknown_consent_is_denial() -> None:
    assert excluded(channels=frozenset({"push"})) == ["no consent", "", "no consent"]


def test_the_caller_may_offer_fewer_channels() -> None:
    offers = offers_for(person(), frozenset({"sms"}))
    assert [bool(offer.excluded) for offer in offers] == [True, True, False]


def test_the_weekly_cap_counts_seven_days_back() -> None:
    assert excluded(messages={"sms": (MONDAY_NOON - 7 * DAY + 1,)})[2] == "weekly cap of 1 reached"
    assert excluded(messages={"sms": (MONDAY_NOON - 7 * DAY,)})[2] == ""
    assert excluded(messages={"sms": (MONDAY_NOON,)})[2] != ""


def test_at_night_quiet_channels_wait_until_morning() -> None:
    email, push, _ = offers_for(person(at=MIDNIGHT))
    assert (email.at, email.hour) == (MIDNIGHT, 0)
    assert (push.at, push.hour, push.excluded) == (MIDNIGHT + 8 * HOUR, 8, Exclusion.NOTHING)


def test_night_is_where_the_receiver_is() -> None:
    tokyo = person(context=Context(timezone="Asia/Tokyo"))
    _, push, _ = offers_for(tokyo)
    assert push.at == MONDAY_NOON + 11 * HOUR


def test_an_unknown_zone_is_the_configured_one() -> None:
    nowhere = person(at=MIDNIGHT, context=Context(timezone="Mars/Base"))
    assert offers_for(nowhere)[1].hour == 8


def test_a_cap_may_be_over_by_the_time_the_night_is() -> None:
    week_ago = MIDNIGHT - 7 * DAY + HOUR
    assert excluded(at=MIDNIGHT, messages={"sms": (week_ago,)})[2] == ""


def test_recent_messages_count_over_all_channels() -> None:
    sent = {"email": (MONDAY_NOON - DAY,), "push": (MONDAY_NOON - 8 * DAY, MONDAY_NOON - HOUR)}
    assert offers_for(person(messages=sent))[0].recent == 2


@given(
    st.sets(st.sampled_from(sorted(ALL))),
    st.dictionaries(
        st.sampled_from(sorted(ALL)), st.lists(st.integers(0, 10 * DAY), max_size=6).map(sorted)
    ),
    st.integers(0, 23),
)
def test_no_offer_breaks_consent_cap_or_night(
    granted: set[str], ago: dict[str, list[int]], hour: int
) -> None:
    at = MONDAY_NOON + hour * HOUR
    sent = {name: tuple(sorted(at - back for back in times)) for name, times in ago.items()}
    someone = structs.replace(person(), at=at, channels=frozenset(granted), messages=sent)
    for terms, offer in zip(TERMS.channels, offers_for(someone), strict=True):
        if offer.excluded:
            continue
        week = [t for t in sent.get(terms.channel, ()) if offer.at - 7 * DAY < t <= offer.at]
        assert terms.channel in granted
        assert len(week) < terms.cap_per_week
        assert offer.at >= at
        assert not terms.quiet_hours or 8 <= offer.hour < 21
