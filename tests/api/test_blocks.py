"""Answers about many users at once are the answers about each."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest

from api.answers.block import everything_of
from api.messages.message import dump
from api.messages.users import UserAnswer
from recsys.data.times import HOUR
from recsys.errors import StoreUnavailable
from recsys.storage.events.event import Event
from recsys.storage.users.consents import Consent, Consents
from recsys.storage.users.merges import merge
from recsys.storage.users.profiles import Profiles
from tests.api.conftest import NOON, Api
from tests.api.test_experiments import run
from tests.recsys.experiments.cases import stepping
from tests.worlds import DENIED, EMOJI, ONCE, USERS

EVERYBODY = (*USERS, ONCE, "nobody-knows", "fresh")


def lived(api: Api) -> None:
    """Let users do and allow things, be written to, become others, and live elsewhere."""
    log, database = api.service.log, api.service.log.database
    views = [
        Event(f"v{n}", user, "view", NOON - n * HOUR, item_id=f"i{n:02}")
        for n, user in enumerate((*USERS[:20:3], "fresh", EMOJI, DENIED))
    ]
    messages = [
        Event(f"m{n}", user, "message_sent", NOON - (n + 1) * HOUR, channel="push", ref=f"d{n}")
        for n, user in enumerate(USERS[:20:2])
    ]
    met = [
        Event(f"r{n}", USERS[2 * n], "message_responded", NOON - n * HOUR, channel="push",
              ref=f"d{n}")
        for n in range(5)
    ]  # fmt: skip
    log.append([*views, *messages, *met], now=NOON)
    granted = [
        Consent(user, "marketing", channel, "granted", NOON - HOUR)
        for n, user in enumerate(USERS)
        for channel in ("email", "push", "sms")[: n % 4]
    ]
    Consents(database).record(granted)
    zones = [(user, {"country": "France"}, "Asia/Tokyo") for user in USERS[5:9]]
    Profiles(database).put_users(zones)
    merge(database, "fresh", "u03", at=NOON)
    run(api, "down", stepping(epsilon=0.5))


def rows(api: Api, users: tuple[str, ...], **said: Any) -> tuple[list[Any], list[Any]]:
    """Return the answers about all at once, and those about each."""
    desk, serving = api.service.desk.unseen(), api.service.current.serving
    query = api.service.reader.said(said)
    many = everything_of(desk, serving, users, query, at=NOON)
    each = [desk.everything(serving, user, query, at=NOON) for user in users]
    return _read(many), _read(each)


def _read(answers: list[UserAnswer]) -> list[Any]:
    return [orjson.loads(dump(answer)) for answer in answers]


def same(one: Any, other: Any) -> bool:
    """Return whether two answers are the same, but for their id and rounding."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            name == "recommendation_id" or same(one[name], other[name]) for name in one
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == other)


SAID: list[dict[str, Any]] = [
    {},
    {"explain": False, "limit": 3, "exclude": ["i00", "i01", "i02"]},
    {"force_rung": "segment", "repeats": "exclude"},
]


@pytest.mark.parametrize("said", SAID)
def test_every_row_is_the_answer_about_that_user(api: Api, said: dict[str, Any]) -> None:
    lived(api)
    many, each = rows(api, EVERYBODY, **said)
    assert [row["user_id"] for row in many] == list(EVERYBODY)
    assert [user for user, one, other in zip(EVERYBODY, many, each, strict=True)
            if not same(one, other)] == []  # fmt: skip
    if not said:
        assert {row["rung"] for row in many} >= {"hyper", "one_to_one"}
        assert {row["channel"]["best"] for row in many} >= {"none", "email"}


def test_without_the_store_all_are_answered_as_each_is(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object, **__: object) -> None:
        raise StoreUnavailable("gone")

    database = api.service.log.database
    monkeypatch.setattr(type(database), "read", down)
    monkeypatch.setattr(type(database), "version", down)
    many, each = rows(api, USERS[:5])
    assert all(map(same, many, each))
    assert all(row["notes"] for row in many)


def test_of_nobody_nothing_is_answered(shared_api: Api) -> None:
    assert rows(shared_api, ()) == ([], [])
