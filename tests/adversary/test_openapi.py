"""The description of the API is true: fuzzers find nothing, and generated clients work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Api
from tests.api.test_serve import Server, served
from tests.clients import installed, npm, ran
from tests.worlds import World

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = os.environ.get("RECSYS_FUZZ_EXAMPLES", "10")
PROBLEMS = {"401", "403", "413", "414", "422", "429", "431", "500"}


@pytest.fixture(scope="module")
def server(built_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    world = built_world.copy(tmp_path_factory.mktemp("openapi"))
    with served(world) as server:
        yield server


@pytest.mark.slow
def test_a_fuzzer_with_all_checks_finds_nothing(server: Server, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG), "run",
        f"http://127.0.0.1:{server.port}/openapi.json", "--max-examples", EXAMPLES,
        "--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure", "--no-color",
        "--request-timeout", "30", "--seed", "1",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert server.call("/health/ready")[1]["status"] == "ready"


CLIENT = """
import sys
from recsys_client import Client
from recsys_client.api.events import post_v1_events
from recsys_client.api.operations import get_health_ready
from recsys_client.api.users import get_v1_users_user_id_recommendations
from recsys_client.models import PostV1EventsBody

with Client(base_url=sys.argv[1], raise_on_unexpected_status=True) as client:
    assert get_health_ready.sync(client=client).status == "ready"
    view = {"user_id": "u03", "event": "view", "item_id": "i03"}
    taken = post_v1_events.sync(client=client, body=PostV1EventsBody.from_dict(view))
    assert taken.accepted == 1, taken
    answer = get_v1_users_user_id_recommendations.sync("u03", client=client, limit=3)
    assert [item.rank for item in answer.items] == [1, 2, 3], answer
    wrong = get_v1_users_user_id_recommendations.sync("u03", client=client, limit=3, device="\\0")
    assert (wrong.status, wrong.code) == (422, "bad_query"), wrong
"""


@pytest.mark.slow
@pytest.mark.sdk
def test_a_generated_python_client_works(server: Server, tmp_path: Path) -> None:
    venv.create(tmp_path / "python", with_pip=True)
    python = str(tmp_path / "python" / "bin" / "python")
    installed([python, "-m", "pip", "install", "-q", "openapi-python-client"], tmp_path)
    host = f"http://127.0.0.1:{server.port}"
    (tmp_path / "client.yaml").write_text("package_name_override: recsys_client\n", "utf-8")
    generate = [
        python, "-m", "openapi_python_client", "generate", "--url", f"{host}/openapi.json",
        "--meta", "none", "--output-path", str(tmp_path / "recsys_client"),
        "--config", "client.yaml",
    ]  # fmt: skip
    ran(generate, tmp_path)
    ran([python, "-c", CLIENT, host], tmp_path)


@pytest.mark.slow
@pytest.mark.sdk
def test_a_generated_typescript_client_compiles_and_works(server: Server, tmp_path: Path) -> None:
    npm(tmp_path, "openapi-typescript@7", "openapi-fetch", "typescript@5", "@types/node")
    host = f"http://127.0.0.1:{server.port}"
    shutil.copy(Path(__file__).with_name("client.mts"), tmp_path)
    ran(["npx", "openapi-typescript", f"{host}/openapi.json", "-o", "schema.d.ts"], tmp_path)
    options = ["--strict", "--target", "es2022", "--module", "nodenext"]
    ran(["npx", "tsc", *options, "client.mts"], tmp_path)
    ran(["node", "client.mjs", host], tmp_path)


def described(api: Api) -> dict[str, Any]:
    return dict(api.client.get("/openapi.json").json())


def test_no_schema_stands_beside_a_reference(shared_api: Api) -> None:
    def walk(found: Any) -> None:
        if isinstance(found, dict):
            assert "$ref" not in found or not {"type", "anyOf", "properties"} & found.keys(), found
            for each in found.values():
                walk(each)
        elif isinstance(found, list):
            for each in found:
                walk(each)

    walk(described(shared_api))


def test_every_problem_is_described_as_one(shared_api: Api) -> None:
    for path, operations in described(shared_api)["paths"].items():
        for method, operation in operations.items():
            for status in PROBLEMS & operation["responses"].keys():
                (media,) = operation["responses"][status]["content"]
                assert media == "application/problem+json", (method, path, status)
            assert {"422", "429", "431", "500"} <= operation["responses"].keys()
            if "requestBody" in operation:
                assert {"408", "413"} <= operation["responses"].keys()
