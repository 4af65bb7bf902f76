"""Consents are a ledger, and hold from the next decision on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import NOON, Api

GRANT = {"purpose": "marketing", "channel": "sms", "state": "granted"}


def put(api: Api, user: str, body: Any) -> Any:
    return api.client.put(f"/v1/users/{user}/consent", json=body)


def eligible(api: Api, user: str) -> set[str]:
    told = api.client.get(f"/v1/users/{user}/channel").json()["channel"]
    return {arm["channel"] for arm in told["ranked"] if arm["eligible"]}


def test_a_stranger_granted_nothing(api: Api) -> None:
    told = api.client.get("/v1/users/nobody/consent").json()
    assert told["profiling"] is None
    assert told["marketing"] == {"email": False, "push": False, "sms": False}
    assert told["ledger"] == []


def test_a_grant_and_a_denial_hold_at_the_next_decision(api: Api) -> None:
    assert eligible(api, "new") == {"none"}
    assert put(api, "new", GRANT).json()["marketing"]["sms"] is True
    assert eligible(api, "new") == {"none", "sms"}
    put(api, "new", {**GRANT, "state": "denied"})
    assert eligible(api, "new") == {"none"}


def test_the_ledger_keeps_everything_that_was_said(api: Api) -> None:
    put(api, "ann", {**GRANT, "basis": "consent", "source": "form", "text_version": "v3"})
    api.clock.at += 1_000_000
    told = put(api, "ann", {**GRANT, "state": "denied"}).json()
    assert [line["state"] for line in told["ledger"]] == ["granted", "denied"]
    first = told["ledger"][0]
    assert (first["basis"], first["source"], first["text_version"]) == ("consent", "form", "v3")
    assert told == api.client.get("/v1/users/ann/consent").json()


def test_saying_it_again_adds_nothing(api: Api) -> None:
    line = {**GRANT, "at": "2025-12-31T00:00:00Z"}
    assert len(put(api, "ann", line).json()["ledger"]) == 1
    assert len(put(api, "ann", line).json()["ledger"]) == 1


def test_many_lines_are_written_together_or_not_at_all(api: Api) -> None:
    bad = {"purpose": "marketing", "channel": "fax", "state": "granted"}
    answer = put(api, "ann", {"consents": [GRANT, bad]})
    assert answer.status_code == 422
    told = answer.json()
    assert told["detail"].startswith("consents[1] (channel 'fax'): channel is 'fax'; allowed: ")
    assert (told["index"], told["channel"], told["parameter"]) == (1, "fax", "channel")
    assert api.client.get("/v1/users/ann/consent").json()["ledger"] == []
    told = put(api, "ann", {"consents": [GRANT, {"purpose": "profiling", "state": "denied"}]})
    assert told.json()["profiling"] is False


def test_whoever_denies_profiling_is_answered_by_a_lower_rung_at_once(api: Api) -> None:
    before = api.client.get("/v1/users/u03/channel").json()["channel"]
    assert before["rung"] in {"one_to_one", "hyper"}
    put(api, "u03", {"purpose": "profiling", "state": "denied"})
    assert api.client.get("/v1/users/u03/channel").json()["channel"]["rung"] in {
        "popular",
        "segment",
    }


def test_of_many_lines_the_wrong_one_is_named(api: Api) -> None:
    told = put(api, "ann", {"consents": [GRANT, GRANT, {**GRANT, "state": "maybe"}]}).json()
    assert told["detail"].startswith("consents[2] (channel 'sms'): state is 'maybe'; allowed: ")
    told = put(api, "ann", {"consents": [GRANT, 7]}).json()
    assert told["detail"] == "consents[1]: consent is 7; allowed: an object"
    told = put(api, "ann", {"consents": [{"purpose": "profiling", "at": "soon"}]}).json()
    assert told["detail"].startswith("consents[0]: ")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"purpose": "marketing", "state": "granted"},
        {**GRANT, "state": "maybe"},
        {**GRANT, "purpose": "fun"},
        {**GRANT, "colour": "red"},
        {**GRANT, "basis": 7},
        {**GRANT, "at": "yesterday"},
        {**GRANT, "at": (NOON // 1_000_000) + 3 * 86_400},
        {"purpose": "profiling", "state": "denied", "channel": "sms"},
        {"consents": []},
        {"consents": [1]},
    ],
)
def test_what_is_not_understood_is_refused(api: Api, body: Any) -> None:
    assert put(api, "ann", body).status_code == 422


def test_a_user_id_with_a_slash_has_a_ledger_too(api: Api) -> None:
    told = put(api, "team%2Fb", GRANT).json()
    assert told["user_id"] == "team/b"
    assert told["marketing"]["sms"] is True
