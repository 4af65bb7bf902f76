"""The decision log: durable, and a decision is taken once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recsys.channel.decision import Decision
from recsys.errors import StoreUnavailable
from recsys.storage.database.interface import Database
from recsys.storage.decisions.log import DecisionLog
from recsys.storage.users import merges
from recsys.storage.users.consents import Consent, Consents

ONE = Decision(
    decision_id="d1",
    user_id="ann",
    at=7,
    session="s",
    surface="home",
    experiment="x",
    variant="b",
    rung="hyper",
    version="20260101-abc",
    model_sha256="ab" * 32,
    features='{"local_hour": 12}',
    features_version=1,
    action="email",
    send_at=None,
    pscore=0.9,
    explored=True,
    epsilon=0.1,
    seed=7,
    consent_seq=3,
    cost=0.002,
    currency="GBP",
    answer='{"best": "email"}',
)


@pytest.fixture
def log(database: Database) -> DecisionLog:
    return DecisionLog(database)


def test_what_was_logged_is_read_back_in_order(log: DecisionLog) -> None:
    other = replace(ONE, decision_id="d2", send_at=9, explored=False)
    assert log.put(ONE) == ONE
    assert log.put(other) == other
    assert list(log.all()) == [ONE, other]
    assert log.get("ann", "d2") == other


def test_the_first_decision_of_an_id_stays(log: DecisionLog) -> None:
    log.put(ONE)
    assert log.put(replace(ONE, action="sms", at=8)) == ONE
    assert list(log.all()) == [ONE]


def test_the_same_id_for_another_user_is_another_decision(log: DecisionLog) -> None:
    log.put(ONE)
    log.put(replace(ONE, user_id="ben"))
    assert log.get("ben", "d1") == replace(ONE, user_id="ben")
    assert log.get("cid", "d1") is None


def test_the_consents_behind_a_decision_are_named_by_their_last_line(log: DecisionLog) -> None:
    assert log.consent_seq("ann") == 0
    Consents(log.database).record(
        [Consent("ann", "marketing", c, "granted", 1) for c in ("email", "sms")]
    )
    Consents(log.database).record([Consent("ben", "profiling", "", "denied", 1)])
    assert log.consent_seq("ann") == 2


def test_a_closed_store_takes_no_decision(log: DecisionLog) -> None:
    log.database.close()
    with pytest.raises(StoreUnavailable):
        log.put(ONE)


def test_an_alias_takes_the_decisions_along(log: DecisionLog, database: Database) -> None:
    log.put(replace(ONE, user_id="anon"))
    merges.merge(database, "anon", "ann", at=8)
    assert log.get("ann", "d1") == log.get("anon", "d1") == ONE
    assert log.put(replace(ONE, user_id="anon", action="sms")) == ONE
    later = log.put(replace(ONE, user_id="anon", decision_id="d2"))
    assert list(log.all()) == [ONE, later]
    assert later.user_id == "ann"


def test_of_two_decisions_by_one_id_the_users_stays(log: DecisionLog, database: Database) -> None:
    log.put(ONE)
    log.put(replace(ONE, user_id="anon", action="sms"))
    merges.merge(database, "anon", "ann", at=8)
    assert log.get("ann", ONE.decision_id) == log.get("anon", ONE.decision_id) == ONE


def test_the_consent_line_of_a_former_id_is_the_users(log: DecisionLog, database: Database) -> None:
    merges.merge(database, "anon", "ann", at=8)
    Consents(database).record([Consent("ann", "marketing", "email", "granted", 1)])
    assert log.consent_seq("anon") == log.consent_seq("ann") > 0
