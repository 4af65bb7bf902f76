"""The image trains and serves: its Dockerfile's own steps, taken in a bare Debian root.

No container engine is needed, nor tried; a machine where nobody may make such a root skips this.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests import images
from tests.bench.servers import free_port
from tests.images import Image, NoRoot

ROOT = Path(__file__).parents[1]
VOLUME = "/var/lib/recsys"
HEALTH_CHECKS = 100

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    sources, place = tmp_path_factory.mktemp("context"), tmp_path_factory.mktemp("image")
    images.copy_context(ROOT, sources)
    try:
        yield images.build((ROOT / "Dockerfile").read_text(encoding="utf-8"), sources, place)
    except NoRoot as error:
        pytest.skip(str(error))
    finally:
        subprocess.run(["rm", "-rf", str(place)], check=True)


@pytest.fixture(scope="module")
def volume(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A volume with a small trained shop in it, all of it made by the image itself."""
    place = new_volume(image, tmp_path_factory.mktemp("volumes") / "shop")
    start = datetime(2026, 1, 1, 10, tzinfo=UTC)
    rows = [
        f"u{user},i{user % 3 + day % 30},{(start + timedelta(days=day, minutes=user)).isoformat()}"
        for user in range(60)
        for day in range(user % 7, 240, 7 + user % 5)
    ]
    (place / "events.csv").write_text("\n".join(["user,item,at", *rows]), encoding="utf-8")
    for words in (["import", "events.csv"], ["train"]):
        done = image.run(place, *words)
        assert done.returncode == 0, done.stdout + done.stderr
    return place


def new_volume(image: Image, place: Path) -> Path:
    """What an engine mounts where nothing was mounted yet: a copy of the image's own folder."""
    subprocess.run(["cp", "-a", f"{image.root}{VOLUME}", str(place)], check=True)
    return place


def python(image: Image, volume: Path, code: str) -> subprocess.CompletedProcess[str]:
    return replace(image, entrypoint=()).run(volume, "python", "-c", code)


def healthy(image: Image, volume: Path, port: int) -> bool:
    check = replace(image, entrypoint=())
    return check.run(volume, *image.health, RECSYS_SERVING__PORT=str(port)).returncode == 0


def test_training_in_a_read_only_container_makes_a_champion(image: Image, volume: Path) -> None:
    listed = image.run(volume, "models", "list")
    assert listed.returncode == 0, listed.stderr
    assert "●" in listed.stdout


def test_a_container_is_healthy_answers_and_stops_when_told(image: Image, volume: Path) -> None:
    port = free_port()
    assert not healthy(image, volume, port)
    with image.started(volume, RECSYS_SERVING__PORT=str(port)) as service:
        assert "serving on" in str(service.stdout and service.stdout.readline())
        assert any(healthy(image, volume, port) for _ in range(HEALTH_CHECKS))
        with urlopen(f"http://127.0.0.1:{port}/v1/users/u1", timeout=10) as answer:
            assert json.load(answer)["user_id"] == "u1"
        assert images.stop(service) == 0


def test_a_container_without_a_model_is_healthy_too(image: Image, tmp_path: Path) -> None:
    empty, port = new_volume(image, tmp_path / "empty"), free_port()
    with image.started(empty, RECSYS_SERVING__PORT=str(port)):
        assert any(healthy(image, empty, port) for _ in range(HEALTH_CHECKS))


def test_nothing_but_the_volume_can_be_written_to_and_nobody_is_root(
    image: Image, volume: Path
) -> None:
    who = python(image, volume, "import os; print(os.getuid(), os.getgid(), os.getgroups())")
    assert who.stdout.split() == ["10001", "10001", "[]"]
    for place, written in (("/opt/recsys/x", False), ("/etc/x", False), (f"{VOLUME}/x", True)):
        assert (python(image, volume, f"open({place!r}, 'w')").returncode == 0) is written


def test_the_tree_is_read_only_for_root_too(image: Image, volume: Path) -> None:
    tried = python(replace(image, user="0:0"), volume, "open('/opt/recsys/x', 'w')")
    assert "Read-only file system" in tried.stderr


def test_what_built_the_image_is_not_in_it(image: Image, volume: Path) -> None:
    assert "No module named 'pip'" in python(image, volume, "import pip").stderr
    assert not (image.root / "src").exists()
    assert not (image.root / "opt/build").exists()


def test_the_image_makes_the_tables_of_a_server(image: Image, volume: Path, postgres: str) -> None:
    done = image.run(volume, "storage", "upgrade", RECSYS_STORAGE__URL=postgres)
    assert done.returncode == 0, done.stderr
