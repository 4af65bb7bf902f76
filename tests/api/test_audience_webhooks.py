"""Who enters and leaves an audience is told once, and of nobody who denies profiling."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from api.webhooks.audiences import Audiences
from api.webhooks.watch import Watcher
from recsys.data.times import DAY
from recsys.storage.privacy import erasure
from recsys.storage.privacy.vault import new_key
from recsys.storage.users.consents import Consent
from recsys.storage.webhooks import progress
from tests.api.conftest import NOON, Api, running
from tests.worlds import DENIED, World

RECENT = {"event": "purchase", "count": {"gte": 1}, "within_days": 30}
EVER = {"event": "purchase", "count": {"gte": 1}}
KINDS = ["audience.entered", "audience.left"]


@pytest.fixture
def watching(world: World, idle: None) -> Iterator[Api]:
    """An API with an audience by name, and an address that wants to know of it."""
    file = world.folder / "cohorts.json"
    file.write_text(json.dumps({"recent": RECENT, "buyers": EVER}), "utf-8")
    config = world.config
    update: dict[str, Any] = {
        "storage": config.storage.model_copy(update={"encryption_keys": (new_key(),)}),
        "serving": config.serving.model_copy(update={"webhook_hosts": ("127.0.0.1",)}),
        "segments": config.segments.model_copy(update={"cohorts_file": str(file)}),
    }
    yield from running(replace(world, config=config.model_copy(update=update)))


def wants(api: Api, *kinds: str) -> None:
    body = {"url": "http://127.0.0.1:9/", "kinds": kinds}
    assert api.client.post("/v1/webhooks", json=body).status_code == 201


def looked(api: Api, *, at_all: bool = False) -> int:
    if at_all:
        was = progress.read(api.service.log.database, progress.AUDIENCES)
        assert progress.turn(api.service.log.database, was, replace(was, at=0), progress.AUDIENCES)
    return Watcher(api.service, Audiences(api.service)).work()


def told(api: Api) -> list[tuple[str, str, str]]:
    rows = api.service.log.database.read("SELECT kind, body FROM webhook_messages ORDER BY seq")
    found = []
    for kind, body in rows:
        said = json.loads(body)
        assert said["type"] == kind
        assert said["data"]["model_version"] == api.service.current.serving.answering.version
        found.append((kind, said["data"]["user_id"], said["data"]["audience"]))
    return found


def standing(api: Api) -> dict[str, dict[str, bool]]:
    rows = api.service.log.database.read("SELECT user_id, standing FROM audience_standings")
    return {user: json.loads(said) for user, said in rows}


def test_nobody_looks_where_nobody_wants_to_know(watching: Api) -> None:
    assert looked(watching) == 0
    assert standing(watching) == {}
    wants(watching, "churn.band_changed")
    assert looked(watching) == 0
    assert standing(watching) == {}


def test_at_the_first_look_nobody_enters_and_later_each_move_is_told_once(watching: Api) -> None:
    wants(watching, *KINDS)
    assert looked(watching) == 0
    before = standing(watching)
    assert DENIED not in before
    inside = {user for user, said in before.items() if said["recent"]}
    assert inside
    watching.clock.at += 60 * DAY
    assert looked(watching, at_all=True) == len(inside)
    assert told(watching) == [("audience.left", user, "cohort:recent") for user in sorted(inside)]
    assert looked(watching, at_all=True) == 0
    back = min(inside)
    event = {"user_id": back, "kind": "purchase", "item_id": "i01"}
    assert watching.client.post("/v1/events", json=event).json()["accepted"] == 1
    assert looked(watching) == 1
    assert told(watching)[-1] == ("audience.entered", back, "cohort:recent")
    assert looked(watching) == 0


def test_only_the_kinds_that_are_wanted_are_told(watching: Api) -> None:
    wants(watching, "audience.entered")
    looked(watching)
    watching.clock.at += 60 * DAY
    assert looked(watching, at_all=True) > 0
    assert told(watching) == []


def test_a_new_audience_is_entered_by_nobody_at_the_first_look(watching: Api) -> None:
    wants(watching, *KINDS)
    cohorts = dict(watching.service.desk.cohorts)
    watching.service.desk.cohorts = {"recent": cohorts["recent"]}
    looked(watching)
    watching.service.desk.cohorts = cohorts
    assert looked(watching, at_all=True) == 0
    assert all(set(said) == {"recent", "buyers"} for said in standing(watching).values())


def test_who_withdraws_profiling_or_is_erased_leaves_no_trace_and_nothing_is_told(
    watching: Api,
) -> None:
    wants(watching, *KINDS)
    looked(watching)
    first, second, *_ = sorted(user for user, said in standing(watching).items() if said["recent"])
    watching.service.consents.record([Consent(first, "profiling", "", "denied", NOON)])
    watching.service.catch_up()
    assert looked(watching, at_all=True) == 0
    erasure.erase(watching.service.log.database, second, at=NOON, receipt_id="r")
    assert not {first, second} & set(standing(watching))
    assert told(watching) == []
