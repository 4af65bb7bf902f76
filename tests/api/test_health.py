"""For those who run the service."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.messages.operations import Live, ModelAnswer, Ready
from api.runtime import blas_threads, clock
from recsys.config import Config
from recsys.data.times import DAY, SECOND, moment
from recsys.errors import BadValue, StoreUnavailable
from recsys.project import version
from tests.api.conftest import Api
from tests.worlds import END, World, configured

EXPERIMENT_ACTS = ("decide", "report", "start", "stop")
GROWTH = ("lifecycle", "north-star", "nps", "retention", "stickiness")


def test_live_and_ready(shared_api: Api) -> None:
    msgspec.json.decode(shared_api.client.get("/health/live").content, type=Live)
    ready = msgspec.json.decode(shared_api.client.get("/health/ready").content, type=Ready)
    assert ready.status == "ready"
    assert ready.version == shared_api.client.get("/openapi.json").json()["info"]["version"]
    assert ready.version == version()
    assert ready.model_version == shared_api.world.version
    assert ready.clock.startswith("2026-01-01T12:00:00")
    assert ready.clock_shifted
    assert set(ready.blas_threads.values()) == {1}


def test_more_than_one_blas_thread_is_not_ready(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas_threads, "pools", lambda: {"libblas": 2})
    response = api.client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["why"] == ["libblas runs 2 threads; one is allowed"]


class Unreachable:
    """An event log that cannot be read, in the background neither."""

    @property
    def database(self) -> NoReturn:
        raise StoreUnavailable("disk I/O error")

    def last_seq(self) -> int:
        raise StoreUnavailable("disk I/O error")


def test_without_the_event_store_a_worker_goes_on_degraded(api: Api) -> None:
    log, api.service.log = api.service.log, Unreachable()  # type: ignore[assignment]
    response, page = api.client.get("/health/ready"), api.client.get("/metrics").text
    api.service.log = log
    ready = response.json()
    assert (response.status_code, ready["status"], ready["takes_events"]) == (
        200,
        "degraded",
        False,
    )
    assert ready["why"] == ["the event store is unavailable: disk I/O error"]
    assert (figure(page, "recsys_degraded"), figure(page, "recsys_takes_events")) == (1, 0)
    again, page = api.client.get("/health/ready").json(), api.client.get("/metrics").text
    assert (again["status"], again["takes_events"]) == ("ready", True)
    assert (figure(page, "recsys_degraded"), figure(page, "recsys_takes_events")) == (0, 1)


def test_metrics_tell_of_the_process(shared_api: Api) -> None:
    page = shared_api.client.get("/metrics").text
    assert figure(page, "process_resident_memory_bytes") > 1e6
    assert figure(page, "process_cpu_seconds_total") > 0


def test_the_environment_names_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("[serving]\ndefault_limit = 3\n", encoding="utf-8")
    monkeypatch.setenv("RECSYS_CONFIG", str(file))
    assert create_app().config.serving.default_limit == 3


def test_loading_the_app_first_leaves_one_thread_in_every_pool() -> None:
    code = (
        "import api.app, numpy; from api.runtime.blas_threads import pools; "
        "print(set(pools().values()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{1}"


def test_serving_loads_no_training_library() -> None:
    code = (
        "import sys, api.app; "
        "print(sorted({'sklearn', 'scipy', 'implicit', 'polars', 'pandas', 'pyarrow', "
        "'matplotlib', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_current_model_says_where_it_came_from(shared_api: Api) -> None:
    response = shared_api.client.get("/v1/models/current")
    answer = msgspec.json.decode(response.content, type=ModelAnswer)
    assert answer.version == shared_api.world.version
    assert answer.simulated == ["messages"]
    assert answer.rungs["items"] == {"segment": True, "one_to_one": True, "hyper": True}
    assert answer.age_seconds > 12 * 3600


def figure(page: str, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", page, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def test_metrics_count_requests_by_route_and_answers_by_rung(api: Api) -> None:
    for user in ("u03", "nobody", "nobody"):
        api.client.get(f"/v1/users/{user}/recommendations")
    api.client.get("/v1/segments")
    api.client.get("/nowhere/in/particular")
    page = api.client.get("/metrics").text
    requests = 'recsys_request_seconds_count{method="GET",route="%s",status="%s"}'
    assert figure(page, requests % ("/v1/users/{user_id}/recommendations", 200)) == 3
    assert figure(page, requests % ("/v1/segments", 200)) == 1
    assert figure(page, requests % ("unknown", 404)) == 1
    answers = 'recsys_answer_seconds_count{question="items",rung="%s"}'
    assert figure(page, answers % "popular") >= 2
    assert figure(page, answers % "one_to_one") >= 1
    assert figure(page, f'recsys_model_info{{version="{api.world.version}"}}') == 1
    assert figure(page, "recsys_model_age_seconds") > 12 * 3600
    assert figure(page, "recsys_blas_threads") == 1
    assert "u03" not in page


def test_odd_methods_do_not_make_new_series(api: Api) -> None:
    api.client.request("BREW", "/v1/segments")
    page = api.client.get("/metrics").text
    assert 'method="other"' in page
    assert "BREW" not in page


def test_openapi_describes_every_route_with_examples(shared_api: Api) -> None:
    described = shared_api.client.get("/openapi.json").json()
    routes = create_app(Config()).routes
    # Short names for scripts and links in mails, pages for people: nothing a client is made of.
    unsaid = re.compile(r"/v1/([a-z]|email/\.[a-z]+)|(?!/v1/|/health/|/metrics).*")
    served = {route.template for route in routes if not unsaid.fullmatch(route.template)}
    assert set(described["paths"]) == served
    events = described["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    assert "Segment" in events["application/json"]["examples"]
    names = {p["name"] for p in described["paths"]["/v1/users/{user_id}"]["get"]["parameters"]}
    assert {"user_id", "limit", "exclude", "force_rung", "timezone", "placement"} <= names


def test_the_examples_of_events_are_accepted(api: Api) -> None:
    described = api.client.get("/openapi.json").json()
    body = described["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]
    for example in body["examples"].values():
        answer = api.client.post("/v1/events", json=example["value"]).json()
        assert (answer["rejected"], answer["accepted"] > 0) == (0, True)


def test_real_time_is_the_default() -> None:
    assert clock.configured("") is clock.system
    assert abs(clock.system() - clock.system()) < SECOND


def test_a_shifted_clock_starts_where_told_and_ticks() -> None:
    shifted = clock.configured("2011-12-09T12:50:00Z")
    first, second = shifted(), shifted()
    assert moment(first).isoformat().startswith("2011-12-09T12:50:0")
    assert first <= second < first + SECOND


def test_a_shifted_clock_never_starts_before_what_was_logged() -> None:
    shifted = clock.configured("2011-12-09T12:50:00", not_before=END + DAY)
    assert shifted() >= END + DAY


def test_a_clock_start_that_is_no_time_is_refused() -> None:
    with pytest.raises(BadValue, match=r"serving\.clock_start.*noon"):
        clock.configured("noon")


def test_after_a_restart_a_shifted_clock_knows_what_was_logged(world: World) -> None:
    config = configured(world.folder, clock_start="2026-01-01T12:00:00Z")
    late = {"user_id": "fresh", "item_id": "i03", "event": "view"}
    with TestClient(create_app(config, clock=lambda: END + 20 * 3600 * SECOND)) as client:
        assert client.post("/v1/events", json=late).json()["accepted"] == 1
    with TestClient(create_app(config)) as client:
        assert client.get("/v1/users/fresh/recommendations").json()["rung"] == "hyper"


def test_what_serves_is_logged_as_json(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    with TestClient(create_app(world.config)):
        pass
    (line,) = capfd.readouterr().err.splitlines()
    assert json.loads(line)["version"] == world.version


def test_making_an_app_touches_nothing(built_world: World) -> None:
    app = create_app(Config())
    assert app.service is None
