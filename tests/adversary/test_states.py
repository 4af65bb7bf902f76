"""States are told truly, and nothing of this machine is told with them."""

from __future__ import annotations

import csv
import io
import json
import logging
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.answers.csv_cells import safe
from api.app import create_app
from api.model.item_facts import link
from api.runtime.logs import JsonLine, described
from api.web.problems import of
from recsys.config import parse
from recsys.errors import StoreUnavailable
from recsys.storage.models.errors import NoChampion
from tests.api.conftest import Api
from tests.api.model.test_champion import damage, newer_version, until
from tests.api.test_serve import COMMAND, PATIENCE, environment, free_port
from tests.worlds import World, configured


def test_a_champion_that_is_repaired_serves_without_a_restart(world: World, tmp_path: Path) -> None:
    elsewhere = world.copy(tmp_path / "elsewhere")
    version = newer_version(elsewhere)
    there, here = (Path(w.config.storage.models_dir) for w in (elsewhere, world))
    app = create_app(configured(world.folder, accept_other_store=True))
    with TestClient(app):
        shutil.copytree(there / version, here / version)
        file = damage(world, version)
        (there / "champion").replace(here / "champion")
        assert until(lambda: version in app.service.current.refused)
        assert app.service.current.version == world.version
        shutil.copy(there / version / file, here / version / file)
        assert until(lambda: app.service.current.version == version)
        assert until(lambda: app.service.current.refused == "")


def test_every_request_is_a_line_of_json_where_that_is_wanted(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    with TestClient(create_app(configured(world.folder, log_requests=True))) as client:
        client.get("/v1/users/mary@example.org/recommendations?limit=2")
        client.get("/nowhere/mary@example.org")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    told = [(one["route"], one["status"]) for one in lines if one["event"] == "request"]
    assert told == [("/v1/users/{user_id}/recommendations", 200), ("unknown", 404)]
    assert "mary" not in json.dumps(lines)


@pytest.mark.slow
def test_all_that_a_server_writes_is_json(world: World) -> None:
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "--port", str(port)],
        env=environment(world),
        cwd=world.folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines = [process.stderr.readline()]
    assert "serving on" in json.loads(lines[0])["event"]
    assert until(lambda: refused_by(port))
    process.terminate()
    lines += process.communicate(timeout=PATIENCE)[1].splitlines()
    told = [json.loads(line) for line in lines]
    assert "Invalid HTTP request received." in {one["event"] for one in told}


def refused_by(port: int) -> bool:
    """Say what is no HTTP, and return whether that was answered."""
    try:
        with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as peer:
            peer.sendall(b"\x00\x01\x02\r\n\r\n")
            return b" 400 " in peer.recv(1_000)
    except OSError:
        return False


def test_what_a_library_logs_is_a_line_without_what_an_error_says() -> None:
    try:
        int("mary@example.org")
    except ValueError:
        found = sys.exc_info()
    record = logging.LogRecord("lib", logging.ERROR, __file__, 1, "it %s", ("failed",), found)
    line = json.loads(JsonLine().format(record))
    assert (line["event"], line["level"], line["error"]) == ("it failed", "error", "ValueError")
    assert "mary" not in json.dumps(line)
    assert "/work" not in json.dumps(line)
    assert not any(place.startswith("/") for place in described(found[1])["where"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "hidden"),
    [
        (StoreUnavailable("unable to open database file /srv/shop/events.db"), "/srv"),
        (StoreUnavailable('connection to server at "db.local", user "shop" failed'), "db.local"),
        (StoreUnavailable('connection to server at "db.local", user "shop" failed'), "shop"),
        (NoChampion("/home/mary/models"), "/home"),
    ],
)
def test_a_problem_tells_nothing_of_this_machine(error: Exception, hidden: str) -> None:
    body = bytes(of(error, {"request_id": "r"}).body).decode()
    assert hidden not in body
    assert "unavailable" in body or "recsys train" in body


def test_readiness_says_what_is_missing_and_not_where(world: World, tmp_path: Path) -> None:
    storage = {"models_dir": str(tmp_path / "nowhere"), "url": world.config.storage.url}
    with TestClient(create_app(parse({"storage": storage}, {}))) as client:
        told = client.get("/health/ready")
    assert told.status_code == 503
    assert told.json()["why"] == ["no champion in nowhere: run `recsys train` first"]


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\r=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe({"a": text}) == {"a": f"'{text}"}


@pytest.mark.parametrize("cell", [-2.5, 3, None, "-2.5", "+3", "a=b", "", "1e5"])
def test_numbers_and_plain_text_stay(cell: Any) -> None:
    assert safe({"a": cell}) == {"a": cell}


def test_an_export_of_users_with_odd_names_opens_safely(api: Api) -> None:
    consent = {"purpose": "marketing", "channel": "email", "state": "granted"}
    for text in ("=1+1", "@x"):
        api.client.put(f"/v1/users/{text}/consent", json=consent)
    answer = api.client.post("/v1/audiences:export", json={"rule": ANYBODY})
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert len(rows) > 1
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@" and cell]


ANYBODY = {"not": {"trait": "country", "op": "eq", "value": "Nowhere"}}


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", " javascript:alert(1)",
     "data:text/html,x", "vbscript:x", "file:///etc/passwd", "\\\\host\\share", "http://[::1"],
)  # fmt: skip
def test_a_link_that_a_browser_would_run_never_leaves(address: str) -> None:
    assert link(address) == ""


@pytest.mark.parametrize("address", ["", "https://shop.example/a?b=c", "http://a", "/p/1", "p/1"])
def test_a_link_to_a_page_stays(address: str) -> None:
    assert link(address) == address


def test_a_corrupt_store_takes_no_events(api: Api) -> None:
    file = api.world.folder / "events.db"
    spare = api.world.folder / "spare.db"
    shutil.copy(file, spare)
    api.service.log.database.close()
    file.write_bytes(b"no database at all" * 1_000)
    for more in ("-wal", "-shm"):
        Path(f"{file}{more}").unlink(missing_ok=True)
    ready = api.client.get("/health/ready").json()
    assert (ready["status"], ready["takes_events"]) == ("degraded", False)
    assert api.client.get("/v1/users/u03/recommendations").status_code == 200
