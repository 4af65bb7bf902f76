"""Files that tools import: their columns, changed rows only, never a consent."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from api.answers import write_back
from api.answers.write_back import ToolTarget, Wish, columns
from api.app import create_app
from api.messages.users import UserAnswer
from api.requests.query import QueryReader
from recsys.__main__ import app
from recsys.connectors.registry import tools
from recsys.connectors.tool import Out
from recsys.errors import BadQuery
from recsys.storage.database.open import open_database
from recsys.storage.privacy.erasure import erase
from tests.api.conftest import NOON, Api
from tests.worlds import DENIED, ONCE, USERS, World

OUTS = {name: tool.out for name, tool in tools().items() if tool.out is not None}
ADDRESSES = {user: f"{number}@shop.example" for number, user in enumerate(("u01", "u02", "u03"))}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def answered(api: Api, *users: str) -> list[UserAnswer]:
    query, serving = QueryReader(api.config).said({"limit": 2}), api.service.current.serving
    ask = api.service.desk.everything
    return [ask(serving, user, query, at=api.clock()) for user in users]


def mail_tool(out: Out) -> ToolTarget:
    return ToolTarget(
        "x",
        out,
        lambda ids: {one: ADDRESSES[one] for one in ids if one in ADDRESSES},
        lambda _: {"u01": 12.5},
    )


@pytest.mark.parametrize("name", OUTS)
def test_columns_are_spelled_for_the_tool_and_none_is_a_consent(name: str) -> None:
    out = OUTS[name]
    theirs = list(columns(out, 5).values())
    assert len(set(theirs)) == len(theirs)
    assert not any(word in "".join(theirs).lower() for word in ("consent", "subscri", "opt"))
    if out.case == "capitals":
        assert all(len(one) <= 10 and one.isupper() for one in theirs)
    if out.case == "salesforce":
        assert all(one.endswith("__c") for one in theirs)


def test_the_tools_of_the_guide_take_something_back() -> None:
    named = {"klaviyo", "hubspot", "salesforce", "mailchimp", "braze", "iterable", "activecampaign"}
    assert named <= set(OUTS)


def test_lines_are_calls_of_as_many_users_as_the_tool_takes(here: World) -> None:
    result = run("braze.jsonl", "--for", "braze", "--limit", 2)
    assert f"{len(USERS) + 1} rows for braze written to braze.jsonl, 0 cleared" in result.stdout
    (call,) = map(json.loads, (here.folder / "braze.jsonl").read_text().splitlines())
    users = {user["external_id"]: user for user in call}
    assert set(users) == {*USERS, ONCE}
    assert users["u03"]["rs_rec_1_title"].startswith("Item ")


def test_only_what_changed_goes_the_next_time(here: World) -> None:
    run("first.csv", "--for", "salesforce")
    again = run("second.csv", "--for", "salesforce")
    assert (
        f"0 rows for salesforce written to second.csv, 0 cleared, {len(USERS) + 1}" in again.stdout
    )
    with (here.folder / "second.csv").open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["rs_user_id__c"]
    assert f"{len(USERS) + 1} rows" in run("all.csv", "--for", "salesforce", "--all").stdout


def test_a_file_that_was_delivered_is_never_lost(here: World) -> None:
    run("sf.csv", "--for", "salesforce")
    first = (here.folder / "sf.csv").read_bytes()
    again = run("sf.csv", "--for", "salesforce")
    assert f"sf.csv is left as it was, {len(USERS) + 1} unchanged" in again.stdout
    assert (here.folder / "sf.csv").read_bytes() == first
    assert "what was there is" not in run("other.csv", "--for", "salesforce").stdout
    for kept in ("sf.1.csv", "sf.2.csv"):
        more = run("sf.csv", "--for", "salesforce", "--all")
        assert f"; what was there is {kept} now" in more.stdout
    assert (here.folder / "sf.1.csv").read_bytes() == first
    assert not list(here.folder.glob(".*.partial"))


def test_who_is_there_no_more_is_cleared_and_too_many_stop_it(here: World) -> None:
    run("first.csv", "--for", "salesforce")
    (here.folder / "who.txt").write_text("\n".join([*USERS][1:]), encoding="utf-8")
    assert "2 cleared" in run("next.csv", "--for", "salesforce", "--users", "who.txt").stdout
    with (here.folder / "next.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert all(set(row[1:]) == {"#N/A"} for row in rows)
    (here.folder / "who.txt").write_text("u03", encoding="utf-8")
    refused = run("last.csv", "--for", "salesforce", "--users", "who.txt")
    assert isinstance(refused.exception, BadQuery)
    assert not (here.folder / "last.csv").exists()
    forced = run("last.csv", "--for", "salesforce", "--users", "who.txt", "--force")
    assert f"{len(USERS) - 2} cleared" in forced.stdout


def test_who_was_erased_is_not_known_to_be_there(here: World) -> None:
    run("first.csv", "--for", "salesforce")
    database = open_database(here.config.storage.url)
    erase(database, "u01", at=1, receipt_id="r1")
    left = database.read("SELECT count(*) FROM delivered WHERE user_id = 'u01'")
    database.close()
    assert left == [(0,)]


def test_worth_is_what_the_api_says_and_nothing_of_who_denies_profiling(here: World) -> None:
    run("sf.csv", "--for", "salesforce")
    with (here.folder / "sf.csv").open(encoding="utf-8", newline="") as opened:
        told = {row["rs_user_id__c"]: row["rs_clv_90d__c"] for row in csv.DictReader(opened)}
    with TestClient(create_app(here.config, clock=lambda: NOON)) as client:
        value = client.get("/v1/users/u03/value").json()["value"]
    (expected,) = [one["predicted_clv"] for one in value["forecasts"] if one["days"] == 90]
    assert float(told["u03"]) == pytest.approx(expected, abs=0.02 * expected)
    assert told[DENIED] == OUTS["salesforce"].clears


def test_a_tool_that_knows_addresses_needs_them(here: World) -> None:
    assert isinstance(run("out.csv", "--for", "klaviyo").exception, BadQuery)
    assert isinstance(run("out.csv", "--for", "ga4").exception, BadQuery)


def test_a_mail_tool_gets_who_has_an_address(shared_api: Api, tmp_path: Path) -> None:
    answers = answered(shared_api, "u01", "u02", "u05")
    file = tmp_path / "mailchimp.csv"
    done, has = write_back.write(
        answers, file, mail_tool(OUTS["mailchimp"]), limit=2, known={}, may=Wish(),
    )  # fmt: skip
    assert (done.changed, done.nameless, set(has)) == (2, 1, {"u01", "u02"})
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["Email Address"] for row in rows] == [ADDRESSES["u01"], ADDRESSES["u02"]]
    assert [row["RSCLV90D"] for row in rows] == ["12.5", ""]
    assert rows[0]["RSREC1ID"] == answers[0].items[0].item_id
