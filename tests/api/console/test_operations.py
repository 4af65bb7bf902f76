"""Operations: exports, and what is said to webhooks and again."""

from __future__ import annotations

from api.console.access import now
from recsys.storage.access import audit
from recsys.storage.access.accounts import Role
from recsys.storage.exports.log import ExportState as ExportState
from recsys.storage.webhooks import messages
from recsys.storage.webhooks.endpoints import Endpoint, WebhookKind
from recsys.storage.webhooks.messages import MessageState, OutgoingMessage, Try
from tests.api.conftest import Api
from tests.api.console.conftest import Enter

HEADERS = {"Sec-Fetch-Site": "same-origin"}
URL = "https://crm.example/hook"


def told(api: Api) -> None:
    """Have one address, with one message that was taken and one that was given up."""
    at, service = now(), api.service
    service.webhooks.put(
        Endpoint("w1", URL, (WebhookKind.EXPORT,), "it refused for days", at), "whsec_x"
    )
    failed = (Try(at, 500, 12), Try(at + 1, None, 5_000, "timed out"))
    messages.record(
        service.log.database,
        [
            OutgoingMessage(
                "m1", "w1", WebhookKind.EXPORT, '{"user":"u03"}', "u03", at, MessageState.DELIVERED
            ),
            OutgoingMessage(
                "m2", "w1", WebhookKind.EXPORT, "{}", "", at, MessageState.DEAD, failed
            ),
        ],
    )


def test_a_failed_webhook_is_sent_again_in_two_clicks(api: Api, enter: Enter) -> None:
    told(api)
    admin = enter(Role.ADMIN)
    (row,) = admin.get("/console/operations/webhooks.json").json()
    assert (row["url"], row["waiting"], row["delivered"], row["dead"]) == (URL, 0, 1, 1)
    page = admin.get("/console/operations?webhook=w1").text
    assert "timed out" in page
    assert "u03" not in page
    again = admin.post(
        "/console/operations/again?webhook=w1", headers=HEADERS, follow_redirects=False
    )
    assert again.headers["location"] == "/console/operations?webhook=w1"
    states = {one.message_id: one.state for one in messages.of(api.service.log.database, "w1")}
    assert states == {"m1": MessageState.DELIVERED, "m2": MessageState.WAITING}
    assert api.service.webhooks.get("w1").off == ""
    assert "w1" in [one.subject for one in audit.entries(api.service.log.database)]


def test_one_message_is_sent_again_by_its_id(api: Api, enter: Enter) -> None:
    told(api)
    form = {"message": "m1"}
    enter(Role.ADMIN).post("/console/operations/again?webhook=w1", data=form, headers=HEADERS)
    found = {one.message_id: one.state for one in messages.of(api.service.log.database, "w1")}
    assert found == {"m1": MessageState.WAITING, "m2": MessageState.DEAD}


def test_only_an_admin_sees_addresses_and_sends_again(api: Api, enter: Enter) -> None:
    told(api)
    analyst = enter(Role.ANALYST)
    assert URL not in analyst.get("/console/operations?webhook=w1").text
    path = "/console/operations/again?webhook=w1"
    assert analyst.post(path, headers=HEADERS).status_code == 403
    assert enter(Role.ADMIN).get("/console/operations?webhook=none").status_code == 404


def test_exports_are_listed_with_how_far_they_are(api: Api, enter: Enter) -> None:
    log = api.service.exports
    log.ask("e1", {"limit": 3}, by="crm", key="", now=api.clock(), most=9)
    log.end("e1", ExportState.FAILED, why="the model is gone", now=api.clock() + 1)
    assert enter(Role.VIEWER).get("/console/operations/exports.json").status_code == 422
    (row,) = enter(Role.MARKETER).get("/console/operations/exports.json").json()
    assert (row["export"], row["by"], row["why"]) == ("e1", "crm", "the model is gone")
    assert row["done"] is None


def test_what_ran_is_told_with_how_it_ended(api: Api, enter: Enter) -> None:
    told(api)
    viewer, admin = enter(Role.VIEWER), enter(Role.ADMIN)
    seen = {row["what"] for row in viewer.get("/console/operations/jobs.json").json()}
    assert seen == {"training", "counting"}
    rows = admin.get("/console/operations/jobs.json").json()
    training = next(row for row in rows if row["what"] == "training")
    assert (training["of"], training["ended"]) == (api.service.current.version, "promote")
    webhook = next(row for row in rows if row["what"] == "webhook")
    assert (webhook["of"], webhook["ended"], webhook["why"]) == ("w1", "dead", "timed out")
    assert round(webhook["seconds"], 3) == 5.012
