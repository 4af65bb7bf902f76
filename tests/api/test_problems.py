"""Wrong input is answered pleasantly, as problem+json."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
from starlette.testclient import TestClient

from api import app as application
from api.app import create_app
from api.messages.operations import Problem
from api.web.problems import STATUS, status_of
from api.web.route import Call, route
from recsys import errors
from recsys.errors import RecsysError
from recsys.storage.models.errors import UnknownVersion
from tests.api.conftest import Api
from tests.worlds import configured


def tree(root: type[RecsysError]) -> list[type[RecsysError]]:
    return [root, *(child for below in root.__subclasses__() for child in tree(below))]


@pytest.mark.parametrize("error", tree(RecsysError), ids=lambda error: error.__name__)
def test_every_error_has_a_status(error: type[RecsysError]) -> None:
    status = status_of(error)
    if issubclass(error, errors.QueryError):
        assert 400 <= status < 500
    else:
        assert status >= 500 or error is UnknownVersion


def test_the_table_names_only_errors_of_the_tree() -> None:
    assert set(STATUS) <= set(tree(RecsysError))


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    msgspec.convert(body, type=Problem)
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    return dict(body)


@pytest.mark.parametrize(
    "limit", ["0", "-1", "1000000", "ten", "", "1.5", "\uff11", "1_0", "9" * 99]
)
@pytest.mark.parametrize(
    "path",
    [
        "/v1/users/u03",
        "/v1/users/u03/recommendations",
        "/v1/items/i00/similar",
        "/v1/segments/rfm:loyal/recommendations",
    ],
)
def test_a_wrong_limit_names_parameter_value_and_allowed(
    shared_api: Api, path: str, limit: str
) -> None:
    body = problem(shared_api.client.get(path, params={"limit": limit}), 422)
    assert body["parameter"] == "limit"
    assert body["value"] == limit
    assert body["allowed"] == "a whole number from 1 to 100"
    assert body["type"] == "urn:recsys:problem:bad-query"


@pytest.mark.parametrize(
    ("query", "parameter", "allowed"),
    [
        ("force_rung=best", "force_rung", "popular, segment, one_to_one, hyper"),
        ("explain=maybe", "explain", "true or false"),
        ("timezone=Mars/Base", "timezone", "an IANA name"),
        ("timezone=../etc/passwd", "timezone", "an IANA name"),
    ],
)
def test_other_parameters_say_what_is_allowed(
    shared_api: Api, query: str, parameter: str, allowed: str
) -> None:
    body = problem(shared_api.client.get(f"/v1/users/u03/recommendations?{query}"), 422)
    assert body["parameter"] == parameter
    assert allowed in body["allowed"]


@pytest.mark.parametrize(
    ("path", "unknown", "nearest"),
    [
        ("/v1/users/u03/channel?decison=d1", "decison", "decision"),
        ("/v1/users/u03/recommendations?limit=3&exclud=i00", "exclud", "exclude"),
        ("/v1/users/u03/recommendations?decision=d1", "decision", None),
        ("/v1/users/u03/recommendations?contry=France", "contry", "country"),
        ("/v1/users/u03?zebra=1", "zebra", None),
        ("/v1/users/u03/churn?limit=3", "limit", None),
        ("/v1/users/u03/value?explian=false", "explian", "explain"),
        ("/v1/users/u03/recommendations?limits=" + "9" * 300, "limits", "limit"),
        ("/v1/items/i00/similar?limt=3", "limt", "limit"),
        ("/v1/segments/rfm:loyal/recommendations?limt=3", "limt", "limit"),
        ("/v1/segments/rfm:loyal?limit=3", "limit", None),
        ("/v1/segments?limit=3", "limit", None),
        ("/v1/models/current?version=1", "version", None),
        ("/v1/usage-interval?days=3", "days", None),
        ("/v1/users/u03/consent?purpose=marketing", "purpose", None),
        ("/v1/users/u03/export?format=csv", "format", None),
    ],
)
def test_an_unknown_parameter_is_named_with_the_nearest_and_those_allowed(
    shared_api: Api, path: str, unknown: str, nearest: str | None
) -> None:
    body = problem(shared_api.client.get(path), 422)
    assert (body["parameter"], body["nearest"]) == (unknown, nearest)
    assert body["type"] == "urn:recsys:problem:unknown-parameter"
    assert body["detail"].startswith(f"unknown parameter '{unknown}';")
    assert ("did you mean" in body["detail"]) == (nearest is not None)
    described = shared_api.client.get("/openapi.json").json()["paths"]
    template = path.partition("?")[0]
    for name, value in (("user_id", "u03"), ("item_id", "i00"), ("name", "rfm:loyal")):
        template = template.replace(f"/{value}", f"/{{{name}}}")
    told = {
        p["name"] for p in described[template]["get"].get("parameters", ()) if p["in"] == "query"
    }
    assert set(body["allowed"]) - {"country"} == told


def test_an_unknown_field_of_a_batch_is_named_too(shared_api: Api) -> None:
    body = {"user_ids": ["u03"], "limt": 3}
    told = problem(shared_api.client.post("/v1/recommendations:batch", json=body), 422)
    assert (told["parameter"], told["nearest"]) == ("limt", "limit")


LONG = "x" * 60_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/events", {"events": [{"user_id": "u03", "note": "x" * 500}] * 100}),
        ("/v1/batch", {"batch": {"a": LONG}}),
        ("/v1/recommendations:batch", {"user_ids": ["u03"], "exclude": [LONG, 7]}),
        ("/v1/recommendations:batch", {"user_ids": ["u03"], LONG: 1}),
        ("/v1/recommendations:batch", {"user_ids": [[LONG]]}),
        ("/v1/audiences:preview", {"rule": {LONG: 1}}),
        ("/v1/audiences:preview", {"segment": LONG}),
        ("/v1/audiences:preview", {"rule": {"event": "purchase"}, LONG: [1]}),
        ("/v1/events", {"user_id": "u03", "event": LONG}),
    ],
)
def test_what_was_sent_is_named_and_not_sent_back(
    shared_api: Api, path: str, body: dict[str, Any]
) -> None:
    response = shared_api.client.post(path, json=body)
    problem(response, response.status_code)
    assert response.status_code in {404, 422}
    assert len(response.content) < 3_000


def test_a_value_is_shown_as_it_was_sent_up_to_200_characters(shared_api: Api) -> None:
    for sent, told in (("y" * 201, "y" * 200 + "…"), ("y" * 200, "y" * 200)):
        asked = {"limit": sent}
        body = problem(shared_api.client.get("/v1/users/u03", params=asked), 422)
        assert body["value"] == told
    answer = shared_api.client.post("/v1/events", json={"events": [{"user_id": "u03"}]})
    assert problem(answer, 422)["value"] == [{"user_id": "u03"}]


def test_unknown_item_is_not_found(shared_api: Api) -> None:
    body = problem(shared_api.client.get("/v1/items/none%2Fsuch/similar"), 404)
    assert body["item_id"] == "none/such"
    assert body["title"] == "Unknown item"


def test_unknown_segment_is_not_found_and_the_known_are_named(shared_api: Api) -> None:
    body = problem(shared_api.client.get("/v1/segments/vip/recommendations"), 404)
    assert "rfm:champions" in body["known"]


@pytest.mark.parametrize("path", ["/nowhere", "/v1/users/u03/recomendations", "/v1/segments/", "/"])
def test_unknown_paths_are_problems_too(shared_api: Api, path: str) -> None:
    assert "/docs" in problem(shared_api.client.get(path), 404)["detail"]


def test_a_method_that_is_not_allowed_names_those_that_are(shared_api: Api) -> None:
    response = shared_api.client.delete("/v1/events")
    assert "POST" in problem(response, 405)["detail"]
    assert response.headers["allow"] == "POST"
    both = shared_api.client.delete("/v1/users/u03/consent")
    assert "allowed: GET, HEAD, PUT" in problem(both, 405)["detail"]
    assert both.headers["allow"] == "GET, HEAD, PUT"


@pytest.mark.parametrize("path", ["/v1/users/u03", "/v1/segments", "/nowhere"])
def test_the_request_id_is_echoed(shared_api: Api, path: str) -> None:
    response = shared_api.client.get(path, headers={"X-Request-ID": "abc-123"})
    assert response.headers["x-request-id"] == "abc-123"


@pytest.mark.parametrize("sent", ["", "x" * 129, "two words"])
def test_a_request_id_that_could_break_a_log_is_replaced(shared_api: Api, sent: str) -> None:
    response = shared_api.client.get("/v1/segments", headers={"X-Request-ID": sent})
    assert response.headers["x-request-id"] not in {"", sent}


def test_a_bug_is_a_problem_and_is_logged_without_personal_data(
    world: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    @route("GET /broken")
    def broken(_: object, call: Call) -> NoReturn:
        raise KeyError(call.scope["query_string"])

    monkeypatch.setattr(application, "ROUTES", (*application.ROUTES, broken))
    app = create_app(world.config)
    with TestClient(app, raise_server_exceptions=False) as client:
        body = problem(client.get("/broken?user=mary@example.org"), 500)
    assert body["title"] == "Unexpected error"
    logged = capfd.readouterr().err
    assert body["request_id"] in logged
    assert '"error": "KeyError"' in logged
    assert "mary@example.org" not in logged + str(body)


def test_a_broken_hot_route_is_a_problem_too(world: Any, capfd: pytest.CaptureFixture[str]) -> None:
    app = create_app(world.config)
    with TestClient(app, raise_server_exceptions=False) as client:
        del app.service.desk
        body = problem(client.get("/v1/users/mary"), 500)
    logged = capfd.readouterr().err
    assert body["request_id"] in logged
    assert "mary" not in logged


def test_without_a_model_answers_say_what_to_run(tmp_path: Path) -> None:
    with TestClient(create_app(configured(tmp_path))) as client:
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready")
        assert ready.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "recsys train" in ready.json()["why"][0]
        for path in ("/v1/users/u03", "/v1/segments", "/v1/models/current", "/v1/items/a/similar"):
            response = client.get(path)
            assert "recsys train" in problem(response, 503)["detail"]
            assert response.headers["retry-after"] == "1"
        event = {"user_id": "u", "item_id": "i", "event": "view"}
        assert client.post("/v1/events", json=event).status_code == 200
        assert client.get("/metrics").status_code == 200
