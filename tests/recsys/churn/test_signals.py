"""What signals beside events tell of users, and what they must not tell yet."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.churn import labels, signals
from recsys.churn.features import FEATURES, SIGNAL_GROUPS, SIGNALS
from recsys.churn.labels import Definition
from recsys.churn.risk import reasons
from recsys.churn.signals import OF_GROUP, HeardSignals
from recsys.data.signals import KINDS, OutcomeRow, Signal, Signals, heard
from recsys.data.times import DAY
from tests.recsys.churn.worlds import purchases, signal, told

AT = 100 * DAY
EVERY = tuple(group.name for group in SIGNAL_GROUPS)


def seen(*own: Signal, at: int = AT) -> dict[str, float]:
    """Return what is told of one user, without what has no value."""
    row = signals.of_all(told(own), at=at)[0].tolist()
    return {name: value for name, value in zip(SIGNALS, row, strict=True) if value == value}


NOTHING = {
    "tickets": 0, "tickets_30d": 0, "tickets_90d": 0,
    "mails_90d": 0, "mail_open_days_90d": 0, "mail_click_days_90d": 0,
}  # fmt: skip


def test_of_a_silent_user_there_are_no_answers_and_no_tickets() -> None:
    assert seen() == NOTHING


def test_the_last_answer_and_the_last_rating_count_with_their_age() -> None:
    answers = signal("nps", 40, 9), signal("nps", 97, 3), signal("csat", 99, 1)
    assert seen(*answers) == NOTHING | {
        "nps_last": 3, "nps_age_days": 3, "csat_last": 1, "csat_age_days": 1,
    }  # fmt: skip


def test_an_answer_counts_from_the_instant_after_it() -> None:
    assert seen(signal("nps", 100, 3)) == NOTHING
    assert seen(signal("nps", 100, 3), at=AT + 1)["nps_last"] == 3


def test_what_was_known_of_later_is_not_known_yet() -> None:
    late = signal("nps", 40, 9), signal("nps", 97, 3, known=101)
    assert seen(*late) == NOTHING | {"nps_last": 9, "nps_age_days": 60}
    assert seen(*late, at=102 * DAY)["nps_last"] == 3


def test_a_score_that_is_corrected_later_is_the_one_before_until_then() -> None:
    rows = [
        OutcomeRow("ann", "csat", "1", "zendesk.ratings", "t1", 90 * DAY, None),
        OutcomeRow("ann", "csat", "0", "zendesk.ratings", "t1", 105 * DAY, None),
    ]
    own = [one for _, one in heard(rows)]
    assert seen(*own)["csat_last"] == 1
    assert seen(*own, at=110 * DAY)["csat_last"] == 0


def test_a_ticket_counts_once_from_when_it_was_opened_whatever_became_of_it() -> None:
    rows = [
        OutcomeRow("ann", "ticket", "1", "zendesk.tickets", "t1", 95 * DAY, None),
        OutcomeRow("ann", "ticket", "1", "zendesk.webhook", "t1", 95 * DAY, 120 * DAY),
        OutcomeRow("ann", "ticket", "1", "zendesk.tickets", "t1", 130 * DAY, None),
        OutcomeRow("ann", "ticket", "1", "salesforce.cases", "t1", 20 * DAY, None),
        OutcomeRow("ann", "ticket", "1", "zendesk.tickets", "t2", 101 * DAY, None),
    ]
    own = [one for _, one in heard(rows)]
    assert seen(*own) == NOTHING | {
        "tickets": 2, "tickets_30d": 1, "tickets_90d": 2, "ticket_age_days": 5,
    }  # fmt: skip


def test_openings_and_clicks_of_mails_count_in_days_of_the_last_90() -> None:
    mails = [signal("message_sent", day) for day in (5, 50, 90, 98)]
    opened = [signal("message_opened", day) for day in (5.5, 90.1, 90.2, 98.5)]
    clicked = [signal("message_responded", 90.3)]
    assert seen(*mails, *opened, *clicked) == NOTHING | {
        "mails_90d": 3, "mail_open_days_90d": 2, "mail_click_days_90d": 1,
        "mail_seen_age_days": 1.5,
    }  # fmt: skip


def test_a_mail_that_bounced_counts_as_sent_until_that_is_known() -> None:
    mails = [signal("message_sent", day) for day in (90, 98)]
    bounced = signal("message_failed", 98, known=99)
    assert seen(*mails, bounced)["mails_90d"] == 1
    assert seen(*mails, bounced, at=98 * DAY + 1)["mails_90d"] == 2


def test_what_comes_later_changes_nothing() -> None:
    some = [signal(kind, day, 1.0) for kind in KINDS for day in (20, 60, 90)]
    later = [signal(kind, day, 0.0) for kind in KINDS for day in (100, 130)]
    both = told([*some, *later], [], later)
    alone = told(some, [], [])
    for table in (both, both.before(AT)):
        np.testing.assert_array_equal(signals.of_all(table, at=AT), signals.of_all(alone, at=AT))


def test_all_at_once_and_one_by_one_say_the_same() -> None:
    every = told(
        [signal(kind, day, 0.5) for kind in KINDS for day in (20, 60, 99)],
        [],
        [signal("nps", 1, 7)],
    )
    table = signals.of_all(every, at=AT)
    for user, row in enumerate(table):
        np.testing.assert_array_equal(signals.of_user(every.of_user(user), at=AT), row)


WORLD = purchases([1, 50, 99], [2, 80])
SAID = told([signal("nps", 60, 2), signal("nps", 120, 9)], [signal("ticket", 97)])


def test_labelled_rows_have_what_was_known_at_their_own_cutoff() -> None:
    parts = [labels.labelled(WORLD, Definition("purchase", 14, 60), at=n * DAY) for n in (55, 100)]
    rows = labels.with_signals(labels.stacked(parts), HeardSignals(SAID, EVERY))
    last = rows.features[:, len(FEATURES) + SIGNALS.index("nps_last")]
    assert list(zip(rows.user_row.tolist(), (rows.at // DAY).tolist(), strict=True)) == [
        (0, 55), (1, 55), (0, 100), (1, 100),
    ]  # fmt: skip
    np.testing.assert_array_equal(last, [np.nan, np.nan, 2, np.nan])


def test_groups_that_are_not_looked_at_have_no_value() -> None:
    row = labels.labelled(WORLD, Definition("purchase", 14, 60), at=AT)
    features = labels.with_signals(row, HeardSignals(SAID, ("tickets",))).features
    there = {SIGNALS[n] for n in np.flatnonzero(~np.isnan(features[:, len(FEATURES) :]).all(0))}
    assert there == {"tickets", "tickets_30d", "tickets_90d", "ticket_age_days"}


def test_a_signal_that_leaks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    told_by = HeardSignals(SAID, EVERY)
    assert labels.leaks(WORLD, "purchase", at=AT, heard=told_by) == ()
    honest = signals.of_all

    def foreseeing(table: Signals, *, at: int) -> np.ndarray:
        return honest(table, at=at + 30 * DAY)

    monkeypatch.setattr(signals, "of_all", foreseeing)
    assert labels.leaks(WORLD, "purchase", at=AT, heard=told_by) == ("nps_last", "nps_age_days")


def test_every_group_is_told_by_kinds_that_there_are() -> None:
    assert set(OF_GROUP) == set(EVERY)
    assert {kind for kinds in OF_GROUP.values() for kind in kinds} == set(KINDS)


def test_a_reason_says_in_words_what_was_heard() -> None:
    own = told([signal("nps", 97, 3), signal("csat", 99, 0), signal("ticket", 99)])
    row = np.zeros((1, len(FEATURES)), np.float32)
    features = HeardSignals(own, EVERY).beside(row, at=AT)[0]
    added = np.ones(len(features))
    words = {one.group: one.words for one in reasons(features[None], added[None], "purchase")[0]}
    assert words["recommends"] == "the last answer to how likely they recommend: 3 of 10"
    assert words["satisfaction"] == "the last rating of the support: 0% good"
    assert words["tickets"] == "support tickets in the last 90 days: 1"
    assert words["mails"] == "no e-mail opened or clicked in the last 90 days"
    short = reasons(row, added[None, : len(FEATURES)], "purchase")[0]
    assert "recommends" not in {one.group for one in short}
