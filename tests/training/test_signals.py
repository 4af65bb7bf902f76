"""Signals as the store has them: the same in training and for one person."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from recsys.config import parse
from recsys.data.signals import NUMBER, UserSignals
from recsys.data.times import DAY
from recsys.storage.database.interface import Database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.users import merges, statements
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.statements import Statement
from tests.present import present
from training.load import load

NOW = 200 * DAY
CONFIG = parse({}, {})


def mail(event_id: str, kind: str, day: int, **more: bool | str) -> Event:
    return Event(event_id, "ann", kind, day * DAY, **{"channel": "email", **more})  # type: ignore[arg-type]


@pytest.fixture
def log(database: Database) -> EventLog:
    log = EventLog(database)
    log.append(
        [Event("buy", "ann", "purchase", 120 * DAY, item_id="tea", value=3.0)], now=120 * DAY
    )
    log.append(
        [
            mail("m1", "message_sent", 150),
            mail("m2", "message_sent", 160),
            mail("p1", "message_sent", 161, channel="push"),
            mail("s1", "message_sent", 162, simulated=True),
            mail("o1", "message_opened", 151, ref="m1"),
            mail("o2", "message_opened", 160, ref="m2", machine=True),
            mail("c1", "message_responded", 152, ref="m1"),
            mail("m3", "message_sent", 163),
            mail("f3", "message_failed", 164, ref="m3"),
        ],
        now=NOW,
    )
    statements.put(
        database,
        [
            Statement("ann", "nps", "", "3", "qualtrics.responses", "r1", 170 * DAY),
            Statement("ann", "ticket", "", "1", "zendesk.tickets", "t1", 171 * DAY),
            Statement("ann", "ticket", "", "1", "zendesk.webhook", "t1", 171 * DAY, 172 * DAY),
            Statement("phone", "csat", "", "0", "zendesk.ratings", "t1", 173 * DAY, 174 * DAY),
            Statement("ann", "trait", "country", "Norway", "x.y", "", 1),
            Statement("ben", "nps", "", "9", "qualtrics.responses", "r2", 170 * DAY),
        ],
    )
    merges.merge(database, "phone", "ann", at=NOW)
    return log


def test_training_has_what_people_said_and_did_but_no_machine_and_no_simulation(
    log: EventLog,
) -> None:
    data = load(log, CONFIG)
    signals = present(data.signals)
    own = signals.of_user(present(data.interactions.users.row("ann")))
    assert list(zip(own.kind.tolist(), (own.at // DAY).tolist(), strict=True)) == [
        (NUMBER["message_sent"], 150), (NUMBER["message_opened"], 151),
        (NUMBER["message_responded"], 152), (NUMBER["message_sent"], 160),
        (NUMBER["message_sent"], 163), (NUMBER["message_failed"], 163),
        (NUMBER["nps"], 170), (NUMBER["ticket"], 171), (NUMBER["csat"], 173),
    ]  # fmt: skip
    assert own.known_at[-1] == 174 * DAY
    assert own.known_at[5] == 164 * DAY
    assert len(present(data.before(174 * DAY).signals).all) == 8
    assert present(data.as_known_now().signals).all.known_at[-1] == 173 * DAY


def test_one_person_has_the_same_signals_as_in_training(log: EventLog) -> None:
    data = load(log, CONFIG)
    trained = present(data.signals).of_user(present(data.interactions.users.row("ann")))
    told = UserSignals.of(LiveState(log.database).of("ann", since=0, at=NOW).signals)
    for field in fields(UserSignals):
        np.testing.assert_array_equal(getattr(told, field.name), getattr(trained, field.name))
    live = LiveState(log.database)
    both = [live.of(who, since=0, at=NOW) for who in ("phone", "ben")]
    assert live.of_all(["phone", "ben"], since=0, at=NOW) == both
    assert [len(one.signals) for one in both] == [9, 1]


def test_where_nobody_said_anything_there_are_no_signals(database: Database) -> None:
    log = EventLog(database)
    log.append([Event("buy", "ann", "purchase", 1, item_id="tea", value=3.0)], now=2)
    assert load(log, CONFIG).signals is None
