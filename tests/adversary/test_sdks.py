"""The clients that shops have already, from the registries, against a running server."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_serve import Server, served
from tests.clients import installed, npm, ran
from tests.worlds import World

pytestmark = [pytest.mark.sdk, pytest.mark.slow]

ITEM = "i03"

PYTHON = """
import sys
import {module}.analytics as client
client.write_key, client.host = "any", sys.argv[1]
{more}
failed = []
client.on_error = lambda error, items: failed.append(str(error))
client.identify("{user}", {{"country": "France"}}, anonymous_id="device-{user}")
client.track("{user}", "Product Viewed", {{"product_id": "i03"}})
client.track("{user}", "Something Of Our Own", {{"colour": "red"}})
client.page("{user}", "home", "start", {{"path": "/"}})
client.alias("former-{user}", "{user}")
client.flush()
client.shutdown()
sys.exit("; ".join(failed) or 0)
"""

NODE = """
{head}
const failed = [];
const done = () => new Promise((go) => {flush});
client.identify({{userId: "{user}", traits: {{country: "France"}}}});
client.track({{userId: "{user}", event: "Product Viewed", properties: {{product_id: "i03"}}}});
client.track({{userId: "{user}", event: "Something Of Our Own", properties: {{colour: "red"}}}});
client.page({{userId: "{user}", name: "home"}});
done().then(() => {{
  console.error(failed);
  process.exit(failed.length);
}});
"""

SEGMENT_HEAD = """
const {{ Analytics }} = require("@segment/analytics-node");
const client = new Analytics({{writeKey: "any", host: "{host}", maxRetries: 0}});
client.on("error", (error) => failed.push(String(error.reason || error)));
"""

RUDDER_HEAD = """
const RudderAnalytics = require("@rudderstack/rudder-sdk-node");
const client = new RudderAnalytics("any", {{dataPlaneUrl: "{host}"}});
"""


@pytest.fixture(scope="module")
def server(built_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    world = built_world.copy(tmp_path_factory.mktemp("sdks"))
    with served(world) as server:
        yield server


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with both clients."""
    folder = tmp_path_factory.mktemp("python")
    venv.create(folder, with_pip=True)
    interpreter = str(folder / "bin" / "python")
    clients = ["segment-analytics-python", "rudder-sdk-python"]
    installed([interpreter, "-m", "pip", "install", "-q", *clients], folder)
    return interpreter


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Node finds both clients."""
    clients = ["@segment/analytics-node", "@rudderstack/rudder-sdk-node"]
    return npm(tmp_path_factory.mktemp("node"), *clients)


def held(server: Server, user: str) -> dict[str, Any]:
    return dict(server.call(f"/v1/users/{user}/export")[1])


@pytest.mark.parametrize("module", ["segment", "rudderstack"])
def test_a_python_client_hands_in_what_happened(server: Server, python: str, module: str) -> None:
    user, host = f"of-{module}", f"http://127.0.0.1:{server.port}"
    more = "client.gzip = True" if module == "segment" else ""
    ran([python, "-c", PYTHON.format(module=module, user=user, more=more), host])
    found = held(server, user)
    assert [(one["kind"], one["item_id"]) for one in found["events"]] == [("view", ITEM)]
    assert found["traits"] == {"country": "France"}
    assert set(found["former_ids"]) == {f"device-{user}", f"former-{user}"}


@pytest.mark.parametrize("client", ["segment", "rudder"])
def test_a_node_client_hands_in_what_happened(server: Server, node: Path, client: str) -> None:
    user, host = f"of-node-{client}", f"http://127.0.0.1:{server.port}"
    head = (SEGMENT_HEAD if client == "segment" else RUDDER_HEAD).format(host=host)
    flush = (
        "client.closeAndFlush().then(go)"
        if client == "segment"
        else "client.flush((error) => { if (error) failed.push(String(error)); go(); })"
    )
    (node / f"{client}.js").write_text(NODE.format(head=head, user=user, flush=flush), "utf-8")
    ran(["node", f"{client}.js"], node)
    found = held(server, user)
    assert [(one["kind"], one["item_id"]) for one in found["events"]] == [("view", ITEM)]
    assert found["traits"] == {"country": "France"}


def test_a_refusal_is_told_by_the_client_in_our_words(server: Server, python: str) -> None:
    code = """
import sys
from segment.analytics.request import APIError, post
try:
    post("any", sys.argv[1], batch=[])
except APIError as error:
    print(error)
"""
    host = f"http://127.0.0.1:{server.port}"
    done = subprocess.run([python, "-c", code, host], capture_output=True, text=True, timeout=60)
    assert "bad_query" in done.stdout, json.dumps([done.stdout, done.stderr, sys.version])
    assert "a list of 1 to 1,000 events" in done.stdout
