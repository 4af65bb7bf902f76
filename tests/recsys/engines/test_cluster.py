"""A master with two workers, and Spark Connect on it, each in a process of its own, on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import sparks
from tests.bench.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.spark]

ROOT = Path(__file__).parents[3]
DEPLOY = "org.apache.spark.deploy"
CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"
SECONDS = 120.0


@contextmanager
def java(log: Path, environment: dict[str, str], *command: str) -> Iterator[None]:
    """Run a program of Spark until the end of the block."""
    import pyspark

    programs = Path(pyspark.__file__).parent / "bin"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [str(programs / command[0]), *command[1:]],
            env=environment,
            stdout=out,
            stderr=out,
        ) as running,
    ):
        try:
            yield
        finally:
            running.kill()


def answering(port: int) -> None:
    """Wait until something listens."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    sparks.needed()
    folder = tmp_path_factory.mktemp("spark")
    settings = {"spark.executor.memory": "512m", "spark.driver.memory": "512m"}
    lines = (f"{key} {value}\n" for key, value in settings.items())
    (folder / "spark-defaults.conf").write_text("".join(lines))
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYSPARK")},
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_WORKER_DIR": str(folder / "work"),
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture(scope="module")
def master(environment: dict[str, str]) -> Iterator[str]:
    port = free_port()
    url, logs = f"spark://127.0.0.1:{port}", Path(environment["SPARK_CONF_DIR"])
    at = ["--host", "127.0.0.1"]
    with ExitStack() as stack:
        command = ["spark-class", f"{DEPLOY}.master.Master", *at, "--port", str(port)]
        command += ["--webui-port", "0"]
        stack.enter_context(java(logs / "master.log", environment, *command))
        answering(port)
        for n in range(2):
            command = ["spark-class", f"{DEPLOY}.worker.Worker", *at, "--cores", "1"]
            command += ["--memory", "600m", "--webui-port", "0", url]
            stack.enter_context(java(logs / f"worker{n}.log", environment, *command))
        yield url


def worked(where: str, environment: dict[str, str]) -> dict[str, Any]:
    on_cluster = "tests.recsys.engines.on_cluster"
    done = subprocess.run(
        # Not as a program: what __main__ has is found by nobody else.
        [sys.executable, "-c", f"from {on_cluster} import main; main({where!r})"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=SECONDS * 3,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3_000:]
    return dict(json.loads(done.stdout))


def test_a_standalone_master_gives_the_same_from_its_workers(
    master: str, environment: dict[str, str]
) -> None:
    said = worked(master, environment)
    assert said["sums"] == list(range(10))
    assert said["workers"] > 1


def test_spark_connect_gives_the_same(master: str, environment: dict[str, str]) -> None:
    port, logs = free_port(), Path(environment["SPARK_CONF_DIR"])
    settings = {"binding.address": "127.0.0.1", "binding.port": str(port)}
    options = [f"--conf=spark.connect.grpc.{key}={value}" for key, value in settings.items()]
    command = ["spark-submit", "--class", CONNECT, "--master", master, *options]
    with java(logs / "connect.log", environment, *command):
        answering(port)
        said = worked(f"sc://127.0.0.1:{port}", environment)
    assert said["sums"] == list(range(10))
    assert said["workers"] > 1
