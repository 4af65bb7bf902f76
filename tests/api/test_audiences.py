"""Audiences: counted, explained, exported to those who agreed; cohorts by name."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from api.answers import audience
from api.app import create_app
from api.messages.groups import AudienceBody, AudiencePreview
from api.messages.users import UserAnswer
from api.routes import audiences
from recsys.__main__ import app
from recsys.errors import BadQuery, BadRule, StoreUnavailable, UnknownSegment, UnreadableFile
from recsys.storage.events.event import Event
from recsys.storage.users.live_state import LiveState
from tests.api.conftest import NOON, Api, SetClock
from tests.worlds import DENIED, ONCE, USERS, World

KNOWN = len(USERS) + 1
CONSENTED = {user for user in USERS[::2] if user != DENIED}
BOUGHT = {"event": "purchase"}
FRENCH = {"trait": "country", "op": "eq", "value": "France"}


@pytest.fixture
def named(world: World) -> Iterator[TestClient]:
    """An API with two cohorts by name."""
    file = world.folder / "cohorts.json"
    busy = {"event": "purchase", "count": {"gte": 10}}
    file.write_text(json.dumps({"busy": busy, "risky": {"all": [BOUGHT, RISKY]}}), "utf-8")
    segments = world.config.segments.model_copy(update={"cohorts_file": str(file)})
    config = world.config.model_copy(update={"segments": segments})
    with TestClient(create_app(config, clock=SetClock())) as client:
        yield client


RISKY = {"score": "churn", "op": "gte", "value": 0.0}


def preview(client: TestClient, **body: Any) -> AudiencePreview:
    response = client.post("/v1/audiences:preview", json=body)
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=AudiencePreview)


def exported(client: TestClient, **body: Any) -> list[dict[str, Any]]:
    response = client.post("/v1/audiences:export", json={**body, "format": "jsonl"})
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.content.splitlines()]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)], env={"COLUMNS": "200"})


def test_a_preview_counts_who_belongs_and_who_may_be_written_to(shared_api: Api) -> None:
    found = preview(shared_api.client, rule=FRENCH)
    assert (found.users, found.of, found.looked_at) == (len(USERS[::2]), KNOWN, KNOWN)
    assert found.reachable == len(USERS[::2])
    assert not found.estimated
    assert msgspec.to_builtins(found.decided_by[0]) == {
        "leaf": "rule",
        "admitted": len(USERS[::2]),
        "refused": KNOWN - len(USERS[::2]),
    }


def test_a_preview_says_that_only_who_allows_profiling_is_counted_for_behaviour(
    shared_api: Api,
) -> None:
    by_behaviour = preview(shared_api.client, rule=BOUGHT)
    assert by_behaviour.counted.startswith("known users who allow profiling now")
    refused = {leaf.leaf for leaf in by_behaviour.decided_by}
    assert audience.NO_CONSENT in refused
    said = preview(shared_api.client, rule=FRENCH)
    assert said.counted.startswith("known users, whether they allow profiling or not")


def test_a_channel_nobody_granted_reaches_nobody(shared_api: Api) -> None:
    assert preview(shared_api.client, rule=FRENCH, channel="sms").reachable == 0
    assert exported(shared_api.client, rule=FRENCH, channel="sms") == []


def test_counts_of_few_users_are_not_told(shared_api: Api) -> None:
    found = preview(shared_api.client, rule={"event": "purchase", "count": {"gte": 30}})
    assert found.users is None or found.users == 0 or found.users >= 20
    lonely = {"not": {"trait": "country", "op": "exists"}}
    assert preview(shared_api.client, rule=lonely).users is None


def test_no_other_count_gives_away_how_few_are_left_out(shared_api: Api) -> None:
    nearly_all = {"trait": "country", "op": "exists"}
    for rule in (nearly_all, {"not": nearly_all}):
        found = preview(shared_api.client, rule=rule)
        assert (found.users, found.of) == (None, KNOWN)
        (leaf,) = found.decided_by
        assert (leaf.admitted, leaf.refused) == (None, None)


def test_the_command_withholds_what_the_api_withholds(here: World) -> None:
    (here.folder / "rule.json").write_text('{"trait": "country", "op": "exists"}', "utf-8")
    shown = run("--rule", "rule.json", "--preview").output
    assert shown.count("withheld") == 4  # users, both sides of the leaf, and why
    assert str(KNOWN - 1) not in shown


def test_only_those_who_granted_marketing_are_exported(shared_api: Api) -> None:
    rows = exported(shared_api.client, rule=BOUGHT)
    assert {row["user_id"] for row in rows} == CONSENTED
    assert {row["decided_by"] for row in rows} == {"rule"}


def test_whoever_denied_profiling_is_not_exported_for_behaviour(api: Api) -> None:
    consent = {"purpose": "marketing", "channel": "email", "state": "granted"}
    assert api.client.put(f"/v1/users/{DENIED}/consent", json=consent).status_code == 200
    by_behaviour = {row["user_id"] for row in exported(api.client, rule={"not": BOUGHT})}
    assert DENIED not in by_behaviour
    said = {"trait": "country", "op": "exists"}
    row = next(r for r in exported(api.client, rule=said) if r["user_id"] == DENIED)
    assert (row["rfm"], row["lifecycle"], row["cluster"]) == (None, None, None)


def test_csv_has_the_same_rows_under_a_header(shared_api: Api) -> None:
    response = shared_api.client.post("/v1/audiences:export", json={"rule": BOUGHT})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["cache-control"] == "private, no-store"
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert tuple(rows[0]) == audience.COLUMNS
    assert {row["user_id"] for row in rows} == CONSENTED


def test_an_export_of_nobody_is_a_header(shared_api: Api) -> None:
    never = {"event": "purchase", "count": {"gte": 10_000}}
    response = shared_api.client.post("/v1/audiences:export", json={"rule": never})
    assert response.text.strip() == ",".join(audience.COLUMNS)


def test_a_batch_says_of_each_user_what_the_answer_about_the_user_says(api: Api) -> None:
    back = Event("back", "u00", "purchase", NOON - 1, item_id="i03", value=9.0)
    api.service.log.append([back], now=NOON)
    rows = {row["user_id"]: row for row in exported(api.client, rule=BOUGHT)}
    for user in ("u00", "u02", "u04"):
        answer = msgspec.json.decode(api.client.get(f"/v1/users/{user}").content, type=UserAnswer)
        assert rows[user]["rfm"] == answer.membership.rfm
        assert rows[user]["lifecycle"] == answer.membership.lifecycle
    assert rows["u00"]["lifecycle"] in {"new", "current", "resurrected"}


def test_a_segment_is_an_audience(shared_api: Api) -> None:
    total = sum(
        len(exported(shared_api.client, segment=f"lifecycle:{state}"))
        for state in ("new", "current", "resurrected", "dormant", "churned")
    )
    assert total == len(CONSENTED)


def test_cohorts_have_names_and_every_user_is_told_them(named: TestClient) -> None:
    assert named.get("/v1/segments").json()["cohorts"] == ["busy", "risky"]
    busy = {row["user_id"] for row in exported(named, segment="cohort:busy")}
    assert busy
    for user in sorted(CONSENTED):
        answer = msgspec.json.decode(
            named.get(f"/v1/users/{quote(user, safe='')}").content, type=UserAnswer
        )
        told = {cohort.name: cohort.decided_by for cohort in answer.membership.cohorts}
        assert ("busy" in told) == (user in busy)
    stranger = msgspec.json.decode(named.get("/v1/users/stranger").content, type=UserAnswer)
    assert stranger.membership.cohorts == []


def test_a_score_is_the_users_own_or_none(named: TestClient) -> None:
    for user in (*USERS[:10], "stranger"):
        answer = msgspec.json.decode(named.get(f"/v1/users/{user}").content, type=UserAnswer)
        told = {cohort.name: cohort.decided_by for cohort in answer.membership.cohorts}
        own = answer.churn.rung != "popular"
        assert told.get("risky") == ("risky.all[1]" if own else None)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "a rule, or the name of a segment"),
        ({"rule": BOUGHT, "segment": "rfm:new"}, 422, "not both"),
        ({"segment": "rfm:heroes"}, 404, "rfm:champions"),
        ({"segment": "cohort:vip"}, 404, "cohort:vip"),
        ({"rule": {"event": "purchased"}}, 422, "rule.event is 'purchased'; allowed: view"),
        ({"rule": {"all": [{"segment": "rfm:x"}]}}, 422, "rule.all[0].segment"),
        ({"rule": {"score": "luck", "op": "gt", "value": 1}}, 422, "churn, value"),
        ({"rule": {"event": "purchase", "within": 3}}, 422, "did you mean 'within_days'?"),
        ({"rule": BOUGHT, "channel": "pigeon"}, 422, "email, push, sms"),
        ({"rule": BOUGHT, "limit": 3}, 422, "rule, segment, channel"),
    ],
)
def test_a_wrong_audience_is_explained(
    shared_api: Api, body: dict[str, Any], status: int, words: str
) -> None:
    for path in ("preview", "export"):
        response = shared_api.client.post(f"/v1/audiences:{path}", json=body)
        assert response.status_code == status
        assert words in response.json()["detail"]


def test_an_unknown_format_is_refused(shared_api: Api) -> None:
    body = {"rule": BOUGHT, "format": "xlsx"}
    response = shared_api.client.post("/v1/audiences:export", json=body)
    assert response.status_code == 422
    assert "csv, jsonl" in response.json()["detail"]


def test_large_shops_are_estimated_from_a_sample(
    shared_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "SAMPLE", 50)
    found = preview(shared_api.client, rule=FRENCH)
    assert found.estimated
    assert (found.looked_at, found.of) == (50, KNOWN)
    assert found.users is not None
    assert 0.4 * KNOWN < found.users < 0.6 * KNOWN


def test_users_are_looked_at_in_bounded_chunks(shared_api: Api) -> None:
    service = shared_api.service
    serving = service.current.serving
    wanted = audience.read(AudienceBody(BOUGHT), serving.answering, {}, ())
    ids = (f"u{n}" for n in range(10 * audience.CHUNK))
    chunks = audience.looked_at(
        service.desk, serving, wanted, ids, query=service.reader.query(b""), at=NOON
    )
    assert len(next(chunks).people) == audience.CHUNK
    assert next(ids) == f"u{audience.CHUNK}"
    assert list(audiences.MEDIA) == ["csv", "jsonl"]


def test_without_consents_there_is_no_list(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object, **__: object) -> None:
        raise StoreUnavailable("disk I/O error")

    for read in ("of", "of_all"):
        monkeypatch.setattr(LiveState, read, unreadable)
    for path in ("preview", "export"):
        response = api.client.post(f"/v1/audiences:{path}", json={"rule": BOUGHT})
        assert response.status_code == 503
        assert "consents" in response.json()["detail"]


def test_the_command_counts_an_audience_before_it_writes_it(here: World) -> None:
    (here.folder / "rule.json").write_text(json.dumps({"all": [BOUGHT, FRENCH]}), "utf-8")
    shown = run("--rule", "rule.json", "--preview")
    assert shown.exit_code == 0, shown.output
    assert "decided by rule.all[1]" in shown.output
    written = run("audience.jsonl", "--rule", "rule.json", "--limit", 1)
    assert f"{len(CONSENTED)} users written" in written.output
    lines = (here.folder / "audience.jsonl").read_bytes().splitlines()
    assert {msgspec.json.decode(line, type=UserAnswer).user_id for line in lines} == CONSENTED


def test_the_command_takes_a_segment_and_a_list_of_users(here: World) -> None:
    (here.folder / "who.txt").write_text(f"u00\nu01\nnobody\n{ONCE}\n", "utf-8")
    result = run("few.csv", "--segment", "country:France", "--users", "who.txt")
    assert "1 users written" in result.output


def test_a_channel_alone_exports_only_those_who_granted_it(here: World) -> None:
    for channel, granted in (("email", set(USERS[::2])), ("sms", set())):
        result = run("granted.jsonl", "--channel", channel, "--limit", 1)
        assert f"{len(granted)} users written" in result.output
        lines = (here.folder / "granted.jsonl").read_bytes().splitlines()
        assert {msgspec.json.decode(line, type=UserAnswer).user_id for line in lines} == granted


def test_an_unknown_channel_is_refused_with_the_known_ones(here: World) -> None:
    refused = run("all.jsonl", "--channel", "fax").exception
    assert isinstance(refused, BadQuery)
    assert refused.allowed == "email, push, sms"
    assert not (here.folder / "all.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], BadQuery),
        (["--preview"], BadQuery),
        (["--segment", "rfm:x", "--preview"], UnknownSegment),
        (["--rule", "none.json", "--preview"], UnreadableFile),
        (["--rule", "bad.json", "--preview"], BadRule),
        (["--segment", "rfm:new", "--channel", "pigeon", "--preview"], BadQuery),
        (["all.csv", "--channel", "fax"], BadQuery),
    ],
)
def test_the_command_explains_what_is_wrong(
    here: World, arguments: list[str], error: type[Exception]
) -> None:
    (here.folder / "bad.json").write_text('{"event": "purchase", "counts": 3}', "utf-8")
    assert isinstance(run(*arguments).exception, error)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--preview"], BadQuery),
        (["all.csv", "--rule", "none.json"], UnreadableFile),
        (["all.csv", "--rule", "bad.json"], BadRule),
        (["all.csv", "--rule", "bad.json", "--segment", "rfm:new"], BadQuery),
        (["all.csv", "--channel", "fax"], BadQuery),
        (["all.csv", "--segment", "rfm:new", "--channel", "pigeon"], BadQuery),
    ],
)
def test_what_is_wrong_without_a_model_is_said_before_one_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], error: type[Exception]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECSYS_CONFIG", raising=False)
    Path("bad.json").write_text('{"event": "purchase", "counts": 3}', "utf-8")
    assert isinstance(run(*arguments).exception, error)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.json"]


@pytest.mark.parametrize(
    ("text", "error"),
    [("[]", UnreadableFile), ("{", UnreadableFile), ('{"vip": {"all": []}}', BadRule)],
)
def test_a_file_of_cohorts_that_cannot_be_read_stops_the_start(
    world: World, tmp_path: Path, text: str, error: type[Exception]
) -> None:
    file = tmp_path / "cohorts.json"
    file.write_text(text, "utf-8")
    segments = world.config.segments.model_copy(update={"cohorts_file": str(file)})
    config = world.config.model_copy(update={"segments": segments})
    with pytest.raises(error), TestClient(create_app(config, clock=SetClock())):
        pass
