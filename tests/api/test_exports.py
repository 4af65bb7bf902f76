"""Exports over HTTP: asked for, made in the background, fetched, cancelled, gone."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import structlog

from api.answers import likely, selection
from api.answers.block import everything_of
from api.answers.export import columns
from api.answers.export_files import folder_of
from api.answers.exports import ERASED, Exports
from recsys.data.times import SECOND
from recsys.storage.access import audit
from recsys.storage.exports.log import LEASE, Export, ExportState
from recsys.storage.privacy import erasure
from recsys.storage.privacy.vault import new_key
from recsys.storage.users.consents import Consent
from tests.api.conftest import NOON, Api, running
from tests.worlds import ONCE, USERS, World

ALL = {*USERS, ONCE}
GRANTED = set(USERS[::2])
WAIT_SECONDS = 20.0


@pytest.fixture
def exporting(world: World) -> Iterator[Api]:
    """An API whose exports have parts of 20 users."""
    yield from running(with_exports(world))


def with_exports(world: World, **serving: Any) -> World:
    config = world.config
    storage = config.storage.model_copy(
        update={"exports_dir": str(world.folder / "exports"), "encryption_keys": (new_key(),)}
    )
    changed = config.serving.model_copy(update={"export_part_users": 20, **serving})
    privacy = config.privacy.model_copy(update={"kept_traits": ("country", "email")})
    update = {"storage": storage, "serving": changed, "privacy": privacy}
    return replace(world, config=config.model_copy(update=update))


@pytest.fixture
def still(world: World, idle: None) -> Iterator[Api]:
    """The same with nobody who makes them in the background."""
    yield from running(with_exports(world))


def asked(api: Api, key: str = "", **body: Any) -> dict[str, Any]:
    headers = {"Idempotency-Key": key} if key else {}
    answer = api.client.post("/v1/exports", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    said: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/exports/{said['export_id']}"
    return said


def ended(api: Api, export_id: str) -> dict[str, Any]:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        said: dict[str, Any] = api.client.get(f"/v1/exports/{export_id}").json()
        if said["state"] not in {"waiting", "running"}:
            return said
        time.sleep(0.02)
    raise AssertionError(said)


def done(api: Api, **body: Any) -> dict[str, Any]:
    said = ended(api, asked(api, **body)["export_id"])
    assert said["state"] == "done", said
    return said


def fetched(api: Api, said: dict[str, Any], query: str = "") -> bytes:
    answer = api.client.get(f"/v1/exports/{said['export_id']}/file{query}")
    assert answer.status_code == 200, answer.text
    return answer.content


def rows_of(packed: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode())))


def maker(api: Api) -> Exports:
    return Exports(api.service, structlog.get_logger())


def test_an_export_is_made_in_parts_and_fetched_whole(exporting: Api) -> None:
    said = done(exporting, limit=2)
    assert (said["users"], said["looked_at"], said["rows"]) == (len(ALL), len(ALL), len(ALL))
    assert [part["rows"] for part in said["parts"]] == [20, 20, 20, 4]
    rows = rows_of(fetched(exporting, said))
    assert {row["user_id"] for row in rows} == ALL
    assert tuple(rows[0]) == columns(2)
    assert said["model_version"] == exporting.world.version


def test_each_part_is_a_file_of_its_own_and_as_it_is_said(exporting: Api) -> None:
    said = done(exporting)
    for part in said["parts"]:
        packed = fetched(exporting, said, f"?part={part['part']}")
        assert len(packed) == part["bytes"]
        assert sha256(packed).hexdigest() == part["sha256"]
        assert len(rows_of(packed)) == part["rows"]


def test_json_lines_are_whole_answers(exporting: Api) -> None:
    said = done(exporting, format="jsonl", limit=3, exclude=["i00"])
    lines = gzip.decompress(fetched(exporting, said)).splitlines()
    answers = [json.loads(line) for line in lines]
    assert {answer["user_id"] for answer in answers} == ALL
    assert all(len(answer["items"]) == 3 for answer in answers)
    assert "i00" not in {item["item_id"] for answer in answers for item in answer["items"]}


def test_parquet_comes_part_by_part(exporting: Api) -> None:
    said = done(exporting, format="parquet")
    whole = exporting.client.get(f"/v1/exports/{said['export_id']}/file")
    assert whole.status_code == 422
    assert "1 to 4" in whole.json()["detail"]
    table = pyarrow.parquet.read_table(io.BytesIO(fetched(exporting, said, "?part=4")))
    assert table.num_rows == 4


def test_items_have_their_address_and_image(exporting: Api) -> None:
    row = rows_of(fetched(exporting, done(exporting, limit=1)))[0]
    assert {"item_1", "item_1_title", "item_1_price", "item_1_url", "item_1_image"} <= set(row)


def test_addresses_are_a_column_only_where_it_is_asked_for(exporting: Api) -> None:
    identify = {"type": "identify", "userId": "u01", "traits": {"email": "ann@shop.example"}}
    assert exporting.client.post("/v1/identify", json=identify).status_code == 200
    for form in ("csv", "jsonl"):
        said = done(exporting, email=True, format=form)
        text = gzip.decompress(fetched(exporting, said)).decode()
        assert text.count("ann@shop.example") == 1
    assert "email" not in rows_of(fetched(exporting, done(exporting)))[0]


def test_only_who_granted_the_channel_when_it_is_written(still: Api) -> None:
    first = asked(still, channel="email")
    denied = Consent("u00", "marketing", "email", "denied", NOON)
    still.service.consents.record([denied])
    still.service.catch_up()
    assert maker(still).work() == 1
    rows = rows_of(fetched(still, ended(still, first["export_id"])))
    assert {row["user_id"] for row in rows} == GRANTED - {"u00"}


def test_a_segment_and_a_rule_choose(exporting: Api) -> None:
    rule = {"trait": "country", "op": "eq", "value": "France"}
    french = rows_of(fetched(exporting, done(exporting, rule=rule)))
    assert french
    assert {row["user_id"] for row in french} <= GRANTED
    wrong = exporting.client.post("/v1/exports", json={"segment": "rfm:nonsense"})
    assert wrong.status_code == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"format": "xlsx"}, "csv"),
        ({"limit": 0}, "whole number"),
        ({"channel": "pigeon"}, "email"),
        ({"tool": "excel"}, "klaviyo"),
        ({"tool": "klaviyo", "format": "parquet"}, "csv, jsonl"),
        ({"everything": True}, "a tool"),
        ({"segments": "rfm:lost"}, "segment"),
    ],
)
def test_what_cannot_be_made_is_refused_at_once(
    exporting: Api, body: dict[str, Any], words: str
) -> None:
    answer = exporting.client.post("/v1/exports", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert exporting.client.get("/v1/exports").json() == {"exports": []}


def test_addresses_that_are_not_kept_cannot_be_asked_for(api: Api) -> None:
    for body in ({"email": True}, {"tool": "klaviyo"}):
        answer = api.client.post("/v1/exports", json=body)
        assert answer.status_code == 422
        assert "storage.encryption_keys" in answer.json()["detail"]


def test_asked_again_with_the_same_key_it_is_the_same_export(still: Api) -> None:
    first = asked(still, key="monday", limit=2)
    assert asked(still, key="monday", limit=2)["export_id"] == first["export_id"]
    assert asked(still, limit=2)["export_id"] != first["export_id"]
    other = still.client.post(
        "/v1/exports", json={"limit": 3}, headers={"Idempotency-Key": "monday"}
    )
    assert other.status_code == 422


def test_only_so_many_wait(world: World, idle: None) -> None:
    for api in running(with_exports(world, max_exports=2)):
        asked(api)
        asked(api)
        answer = api.client.post("/v1/exports", json={})
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "60"


def test_a_crash_costs_the_part_at_hand_and_nothing_is_twice(
    still: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = asked(still, limit=1)
    crashed = maker(still)
    calls: list[int] = []

    def dies(desk: Any, *arguments: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return everything_of(desk, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(selection, "everything_of", dies)
        with pytest.raises(KeyboardInterrupt):
            crashed.work()
    half = still.client.get(f"/v1/exports/{said['export_id']}").json()
    assert (half["state"], half["looked_at"]) == ("running", 40)
    assert maker(still).work() == 0  # nobody knows yet that it crashed
    with still.service.log.database.writing() as writing:
        writing.execute("UPDATE exports SET seen_at = seen_at - ?", (LEASE + SECOND,))
    first = [part["sha256"] for part in half["parts"]]
    assert maker(still).work() == 1
    whole = ended(still, said["export_id"])
    assert [part["sha256"] for part in whole["parts"]][:2] == first
    users = [row["user_id"] for row in rows_of(fetched(still, whole))]
    assert sorted(users) == sorted(ALL)


def test_who_was_erased_between_makes_it_begin_anew(still: Api) -> None:
    said = asked(still)
    one = still.service.exports.take("dead", now=NOON)
    assert one is not None
    erasure.erase(still.service.log.database, "u01", at=NOON, receipt_id="r1")
    still.service.exports.let_go(one, "dead")
    maker(still).work()
    rows = rows_of(fetched(still, ended(still, said["export_id"])))
    assert {row["user_id"] for row in rows} == ALL - {"u01"}


def test_a_cancelled_export_stops_and_leaves_nothing(still: Api) -> None:
    said = asked(still)
    one = still.service.exports.take("other", now=NOON)
    assert one is not None
    cancelled = still.client.delete(f"/v1/exports/{said['export_id']}").json()
    assert cancelled["state"] == "cancelled"
    assert not still.service.exports.put(one, "other", [])
    answer = still.client.get(f"/v1/exports/{said['export_id']}/file")
    assert (answer.status_code, answer.json()["state"]) == (409, "cancelled")
    assert maker(still).work() == 0


def test_a_deleted_export_has_no_files(exporting: Api) -> None:
    said = done(exporting)
    folder = folder_of(exporting.service, said["export_id"])
    assert folder.is_dir()
    gone = exporting.client.delete(f"/v1/exports/{said['export_id']}").json()
    assert (gone["state"], gone["why"]) == ("expired", "it was deleted")
    assert not folder.exists()


def test_files_go_after_their_time(world: World) -> None:
    for api in running(with_exports(world, export_hours=1e-9)):
        said = asked(api)
        until = time.monotonic() + WAIT_SECONDS
        while api.client.get(f"/v1/exports/{said['export_id']}").json()["state"] != "expired":
            assert time.monotonic() < until
        # The state is told before the files go, so that nobody begins to read them.
        while list((world.folder / "exports").iterdir()):
            assert time.monotonic() < until


def test_an_export_with_somebody_erased_since_is_not_handed_out(exporting: Api) -> None:
    said = done(exporting)
    erasure.erase(exporting.service.log.database, "u01", at=NOON, receipt_id="r1")
    answer = exporting.client.get(f"/v1/exports/{said['export_id']}/file")
    assert answer.status_code == 409
    assert ERASED in answer.json()["detail"]
    assert not folder_of(exporting.service, said["export_id"]).exists()


def test_a_tool_gets_what_changed_since_the_file_that_it_took(exporting: Api) -> None:
    first = done(exporting, tool="braze", format="jsonl", limit=2)
    assert first["rows"] == len(ALL)
    again = done(exporting, tool="braze", format="jsonl", limit=2)
    assert again["rows"] == len(ALL)  # nobody said that it took the first
    taken = exporting.client.post(f"/v1/exports/{again['export_id']}/delivered")
    assert taken.status_code == 200
    assert done(exporting, tool="braze", format="jsonl", limit=2)["rows"] == 0
    assert done(exporting, tool="braze", limit=2, everything=True)["rows"] == len(ALL)


def test_a_wrong_audience_does_not_clear_a_tool(exporting: Api) -> None:
    first = done(exporting, tool="braze", limit=1)
    exporting.client.post(f"/v1/exports/{first['export_id']}/delivered")
    rule = {"trait": "country", "op": "eq", "value": "France"}
    said = ended(exporting, asked(exporting, tool="braze", limit=1, rule=rule)["export_id"])
    assert said["state"] == "failed"
    assert "would be cleared" in said["why"]
    assert done(exporting, tool="braze", limit=1, rule=rule, force=True)["rows"] > 0


def test_only_an_export_for_a_tool_is_delivered(exporting: Api) -> None:
    said = done(exporting)
    answer = exporting.client.post(f"/v1/exports/{said['export_id']}/delivered")
    assert answer.status_code == 422


def test_who_asked_and_who_fetched_is_in_the_audit_log(exporting: Api) -> None:
    said = done(exporting)
    fetched(exporting, said)
    found = [one for one in audit.entries(exporting.service.log.database)
             if one.subject == said["export_id"]]  # fmt: skip
    assert [one.action for one in found] == [audit.Action.EXPORTED] * 2


def test_an_unknown_export_is_not_found(exporting: Api) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/file"), ("POST", "/delivered")):
        assert exporting.client.request(method, f"/v1/exports/none{path}").status_code == 404
    assert exporting.client.get("/v1/exports/none?x=1").status_code == 422


def test_a_part_that_is_not_there_is_refused(exporting: Api) -> None:
    said = done(exporting)
    answer = exporting.client.get(f"/v1/exports/{said['export_id']}/file?part=9")
    assert answer.status_code == 422


def test_files_that_lie_on_another_host_are_missed_in_words(exporting: Api) -> None:
    said = done(exporting)
    for path in folder_of(exporting.service, said["export_id"]).iterdir():
        path.unlink()
    answer = exporting.client.get(f"/v1/exports/{said['export_id']}/file")
    assert answer.status_code == 409
    assert "storage.exports_dir" in answer.json()["detail"]


def test_a_full_disk_fails_the_export_in_words(still: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    said = asked(still)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    maker(still).work()
    assert "No space left" in ended(still, said["export_id"])["why"]


def test_a_bug_fails_the_export_and_not_the_service(
    still: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = asked(still)
    monkeypatch.setattr(selection, "everything_of", None)
    maker(still).work()
    assert ended(still, said["export_id"])["state"] == "failed"


def test_either_store_keeps_them(either: World, idle: None) -> None:
    for api in running(with_exports(either)):
        said = asked(api, key="k")
        assert maker(api).work() == 1
        (one,) = api.service.exports.latest()
        assert (one.export_id, one.state) == (said["export_id"], ExportState.DONE)
        assert isinstance(one, Export)


def test_who_most_likely_wants_an_item_is_exported_likeliest_first(exporting: Api) -> None:
    wish = {"items": ["i00"], "users": 8}
    named = exporting.client.post("/v1/audiences:likely", json={**wish, "channel": "email"}).json()
    said = done(exporting, likely=wish, channel="email", format="jsonl")
    lines = gzip.decompress(fetched(exporting, said)).splitlines()
    assert [json.loads(row)["user_id"] for row in lines] == [
        one["user_id"] for one in named["users"]
    ]
    assert (said["users"], said["rows"]) == (8, 8)


def test_who_withdraws_before_it_is_written_is_not_among_the_likely(still: Api) -> None:
    wish = {"items": ["i00"], "users": 5}
    first, second, *_ = still.client.post("/v1/audiences:likely", json=wish).json()["users"]
    ids, serving = [first["user_id"], second["user_id"]], still.service.current.serving
    assert list(likely.still_may(still.service, serving, ids, "email")) == ids
    still.service.consents.record([
        Consent(ids[0], "profiling", "", "denied", NOON),
        Consent(ids[1], "marketing", "email", "denied", NOON),
    ])  # fmt: skip
    assert list(likely.still_may(still.service, serving, ids, "email")) == []
    asked(still, likely=wish, channel="email")
    assert maker(still).work() == 1
    (one,) = still.service.exports.latest()
    assert (one.state, one.rows) == (ExportState.DONE, 5)


@pytest.mark.parametrize(
    "more",
    [
        {"segment": "rfm:champions"}, {"rule": {"trait": "country", "op": "eq", "value": "x"}},
        {"likely": {"items": ["i00"], "channel": "email"}}, {"likely": {}},
        {"likely": {"items": ["i00"], "category": "x"}}, {"likely": {"items": ["no such"]}},
        {"likely": {"items": ["i00"], "users": 100_001}}, {"channel": "pigeon"},
    ],
)  # fmt: skip
def test_a_likely_export_that_could_not_be_made_is_refused_when_asked_for(
    still: Api, more: dict[str, Any]
) -> None:
    body = {"likely": {"items": ["i00"]}, **more}
    assert still.client.post("/v1/exports", json=body).status_code in {404, 422}
