"""A channel that reaches nobody is left, and a click that no person can make is a machine's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from recsys.data.times import DAY, SECOND
from recsys.storage.database.interface import Database
from recsys.storage.events.deliverability import BASIS, FAILURE_DAYS, HASTE, MOST_FAILURES
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.users.consents import Consent, Consents

START = 1_767_225_600 * SECOND + SECOND  # a second after a midnight
GRANTED = Consent("ann", "marketing", "email", "granted", START)


@pytest.fixture
def log(database: Database) -> EventLog:
    Consents(database).record([GRANTED])
    return EventLog(database)


def failures(*days: float, **more: object) -> list[Event]:
    usual = {"channel": "email", **more}
    return [
        Event(f"f{day}", "ann", "message_failed", START + int(day * DAY), **usual)  # type: ignore[arg-type]
        for day in days
    ]


def denied(log: EventLog) -> list[Consent]:
    return [one for one in Consents(log.database).ledger_of("ann") if one.state == "denied"]


def append(log: EventLog, events: Iterable[Event]) -> None:
    log.append(list(events), now=START + 400 * DAY)


def test_five_failures_in_thirty_days_deny_the_channel_from_the_fifth_on(log: EventLog) -> None:
    append(log, failures(1, 5, 9, 13))
    assert denied(log) == []
    append(log, failures(17))
    (one,) = denied(log)
    assert (one.channel, one.at, one.basis) == ("email", START + 17 * DAY, BASIS)
    append(log, failures(18, 19))
    assert len(denied(log)) == 1


def test_many_at_once_deny_it_once(log: EventLog) -> None:
    append(log, failures(*range(1, 12)))
    (one,) = denied(log)
    assert one.at == START + MOST_FAILURES * DAY


def test_failures_that_lie_far_apart_deny_nothing(log: EventLog) -> None:
    apart = FAILURE_DAYS / (MOST_FAILURES - 1)
    append(log, failures(*(1 + place * apart for place in range(12))))
    assert denied(log) == []


def test_channels_are_counted_apart_and_what_is_simulated_is_not(log: EventLog) -> None:
    append(log, failures(1, 2, 3))
    append(
        log, [replace(one, event_id=one.event_id + "s") for one in failures(4, 5, channel="sms")]
    )
    append(log, failures(6, 7, 8, simulated=True))
    assert denied(log) == []


def test_the_message_that_failed_says_its_channel(log: EventLog) -> None:
    append(log, [Event("m", "ann", "message_sent", START, channel="email")])
    append(log, failures(1, 2, 3, 4, 5, channel=None, ref="m"))
    assert [one.channel for one in denied(log)] == ["email"]


def test_who_grants_it_again_begins_anew(log: EventLog) -> None:
    append(log, failures(1, 2, 3, 4, 5))
    Consents(log.database).record([replace(GRANTED, at=START + 6 * DAY)])
    append(log, failures(7, 8, 9, 10))
    assert len(denied(log)) == 1
    append(log, failures(11))
    assert [one.at for one in denied(log)] == [START + 5 * DAY, START + 11 * DAY]


def test_what_arrives_late_counts_where_it_happened(log: EventLog) -> None:
    append(log, failures(9, 13, 17, 21))
    append(log, failures(1))
    assert [one.at for one in denied(log)] == [START + 21 * DAY]


def test_files_are_read_by_the_same_rule(log: EventLog) -> None:
    found = failures(1, 2, 3, 4, 5)
    names = ("event_id", "user_id", "kind", "at", "channel")
    columns = {name: [getattr(one, name) for one in found] for name in names}
    log.append_columns(columns, now=START + 400 * DAY)
    assert len(denied(log)) == 1


SENT = Event("m", "ann", "message_sent", START, channel="email")


def click(after: int, **more: object) -> Event:
    given = {"channel": "email", "ref": "m", **more}
    return Event(f"c{after}", "ann", "message_responded", START + after, **given)  # type: ignore[arg-type]


def machines(log: EventLog) -> set[str]:
    rows = log.database.read("SELECT event_id FROM events WHERE machine")
    return {event_id for (event_id,) in rows}


def test_a_click_within_ten_seconds_of_the_mail_is_a_machine_s(log: EventLog) -> None:
    append(log, [SENT, click(0), click(HASTE - 1), click(HASTE), click(-SECOND)])
    assert machines(log) == {"c0", f"c{HASTE - 1}"}


def test_it_is_so_whichever_of_the_two_arrives_first(log: EventLog) -> None:
    append(log, [click(3 * SECOND)])
    assert machines(log) == set()
    append(log, [SENT])
    assert machines(log) == {f"c{3 * SECOND}"}


def test_nothing_is_learnt_from_it(log: EventLog) -> None:
    append(log, [SENT, click(SECOND), click(DAY)])
    (batch,) = log.columns_in_batches(["event_id"], up_to=99, kinds=["message_responded"])
    assert batch["event_id"] == (f"c{DAY}",)


@pytest.mark.parametrize("channel", ["push", "sms"])
def test_a_phone_in_the_hand_is_no_machine(log: EventLog, channel: str) -> None:
    append(log, [replace(SENT, channel=channel), click(SECOND, channel=channel)])
    assert machines(log) == set()


def test_files_that_know_no_seconds_tell_of_no_haste(log: EventLog) -> None:
    midnight = START - SECOND
    append(log, [replace(SENT, at=midnight), replace(click(0), at=midnight)])
    assert machines(log) == set()


def test_of_another_s_mail_or_a_simulated_one_nothing_is_said(log: EventLog) -> None:
    append(log, [replace(SENT, user_id="bob"), click(1), click(2, ref=None)])
    append(log, [click(3, simulated=True, ref="n"), replace(SENT, event_id="n", simulated=True)])
    assert machines(log) == set()
