"""Logged decisions become messages to learn from, joined with what came of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.channel.decision import Decision
from recsys.channel.messages import Messages
from recsys.data.ids import IdMap
from recsys.data.times import DAY, HOUR
from tests.recsys.storage.decisions.test_log import ONE
from tests.training.channel.test_messages import CONFIG, NOON, USERS, came, columns, sent
from training.channel.decision_messages import as_one_person, with_decisions
from training.channel.messages import messages_from_log
from training.randomised_log import drawn

ANSWER = json.dumps(
    {
        "ranked": [
            {"channel": "email", "propensity": 0.90},
            {"channel": "none", "propensity": 0.04},
            {"channel": "push", "propensity": 0.06},
        ]
    }
)
MAIL = replace(ONE, user_id="a", decision_id="d1", at=NOON, pscore=0.90, answer=ANSWER)
LATER = sent("last", "b", NOON + 30 * DAY)


def joined(*rows: Any, decisions: Sequence[Decision] = (MAIL,)) -> Messages:
    table = with_decisions(columns(*rows), decisions)
    return messages_from_log(table, USERS, CONFIG)


def test_a_decision_is_a_message_with_its_probability_among_the_arms_that_send() -> None:
    found = joined(LATER)
    assert found.channel.tolist() == [0]
    assert found.at.tolist() == [NOON]
    assert found.pscore.tolist() == pytest.approx([0.90 / 0.96])
    assert found.responded.tolist() == [False]


def test_to_send_nothing_is_no_message() -> None:
    nothing = replace(MAIL, action="none", pscore=0.04)
    assert len(joined(LATER, decisions=(nothing,))) == 0


def test_an_outcome_that_names_the_decision_belongs_to_it() -> None:
    found = joined(came("responded", "d1", NOON + HOUR), LATER)
    assert found.responded.tolist() == [True]


def test_the_receipt_of_a_decision_is_no_message_of_its_own() -> None:
    receipt = ("m1", "a", "message_sent", NOON + HOUR, "email", "d1", None)
    found = joined(receipt, came("responded", "m1", NOON + 2 * HOUR), LATER)
    assert len(found) == 1
    assert found.responded.tolist() == [True]


def test_the_id_of_another_users_decision_is_nothing_to_me() -> None:
    found = joined(came("responded", "d1", NOON + HOUR, user="b"), LATER)
    assert found.responded.tolist() == [False]


def test_an_outcome_after_the_window_is_none() -> None:
    found = joined(came("responded", "d1", NOON + 8 * DAY), LATER)
    assert found.responded.tolist() == [False]


def test_a_window_that_is_still_open_teaches_nothing() -> None:
    assert len(joined(sent("x", "b", NOON + 3 * DAY))) == 0


def test_what_waits_for_the_morning_counts_from_then() -> None:
    found = joined(LATER, decisions=(replace(MAIL, send_at=NOON + 9 * HOUR),))
    assert found.at.tolist() == [NOON + 9 * HOUR]


def test_an_outcome_that_names_nothing_belongs_to_the_last_message_of_its_channel() -> None:
    click = ("c", "a", "message_responded", NOON + 3 * HOUR, "email", None, None)
    found = messages_from_log(
        columns(
            sent("m1", "a", NOON),
            sent("m2", "a", NOON + 2 * HOUR),
            sent("m3", "a", NOON + 2 * HOUR + 1, channel="push"),
            sent("m4", "a", NOON + 4 * HOUR),
            click,
            LATER,
        ),
        USERS,
        CONFIG,
    )
    assert found.responded.tolist() == [False, True, False, False]


def test_what_came_of_an_open_message_belongs_to_none_before_it() -> None:
    click = ("c", "a", "message_responded", NOON + 6 * DAY, "email", None, None)
    found = messages_from_log(
        columns(sent("m1", "a", NOON), sent("m2", "a", NOON + 5 * DAY), click,
                sent("x", "b", NOON + 8 * DAY)),
        USERS,
        CONFIG,
    )  # fmt: skip
    assert found.at.tolist() == [NOON]
    assert found.responded.tolist() == [False]


def test_without_decisions_the_rows_are_as_they_were() -> None:
    table = columns(sent("m1", "a", NOON), LATER)
    assert with_decisions(table, ()) == table


def test_probabilities_among_arms_that_send_sum_to_one() -> None:
    arms = ("email", "push")
    each = [replace(MAIL, action=a, decision_id=a, pscore=p) for a, p in zip(arms, (0.9, 0.06))]  # noqa: B905
    found = with_decisions(columns(LATER), each)
    told = [p for p, kind in zip(found["pscore"], found["event_id"]) if "\0" in kind]  # noqa: B905
    assert np.sum(told) == pytest.approx(1)


def test_decisions_about_unknown_users_are_left_out() -> None:
    table = with_decisions(columns(LATER), (MAIL,))
    assert len(messages_from_log(table, IdMap.of(["b"]), CONFIG)) == 0


def test_a_decision_that_could_not_be_delivered_teaches_nothing() -> None:
    assert len(joined(came("failed", "d1", NOON + HOUR), LATER)) == 0
    receipt = ("m1", "a", "message_sent", NOON + HOUR, "email", "d1", None)
    assert len(joined(receipt, came("failed", "m1", NOON + 2 * HOUR), LATER)) == 0


def test_a_click_finds_the_mail_that_went_to_the_former_id() -> None:
    table = columns(
        sent("email:e1:anon", "a", NOON),
        came("responded", "email:e1:a", NOON + HOUR),
        sent("email:e2:a", "a", NOON + DAY),
        came("responded", "email:e2:anon", NOON + DAY + HOUR),
        LATER,
    )
    lost = messages_from_log(table, USERS, CONFIG)
    assert lost.responded.tolist() == [False, False]
    found = messages_from_log(as_one_person(table, {"a": ("anon",)}), USERS, CONFIG)
    assert found.responded.tolist() == [True, True]


FORCED = replace(MAIL, answer=json.dumps({**json.loads(ANSWER), "trail": [{"reason": "forced"}]}))


def test_an_outcome_that_names_another_users_decision_or_message_is_nobodys() -> None:
    stray = [came("responded", "d1", NOON + HOUR, user="b"), LATER]
    assert joined(*stray).responded.tolist() == [False]
    mine, theirs = sent("m1", "a", NOON), came("responded", "m1", NOON + HOUR, user="b")
    failed = came("failed", "m1", NOON + HOUR, user="b")
    found = joined(mine, theirs, failed, LATER, decisions=())
    assert found.responded.tolist() == [False]


def test_two_users_with_messages_of_one_id_have_outcomes_of_their_own() -> None:
    rows = [sent("m1", "a", NOON), sent("m1", "b", NOON), came("responded", "m1", NOON + HOUR)]
    found = joined(*rows, LATER, decisions=())
    assert dict(zip(found.user_row.tolist(), found.responded.tolist(), strict=True)) == {
        USERS.row("a"): True,
        USERS.row("b"): False,
    }


def test_what_a_request_forced_is_a_message_by_which_no_policy_is_judged() -> None:
    found = joined(LATER, decisions=(FORCED,))
    assert len(found) == 1
    assert np.isnan(found.pscore).all()
    one, other = (replace(each, features='{"segment": null}') for each in (MAIL, FORCED))
    assert len(drawn([one, other], ["email", "push"])) == 1


def test_probabilities_from_outside_and_our_own_are_not_mixed() -> None:
    outside = [sent(f"o{n}", "a", NOON + n * HOUR) for n in range(2)]
    few = joined(*outside, LATER)
    assert np.isnan(few.pscore).sum() == 1
    many = joined(outside[0], LATER, decisions=[replace(MAIL, decision_id=f"d{n}") for n in "abc"])
    assert np.isnan(many.pscore).sum() == 1
