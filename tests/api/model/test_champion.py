"""The version that serves: swaps, refusals, rungs that fail."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from api.answers.warm_up import warm_up
from api.app import create_app
from api.errors import CannotAnswer
from api.messages.users import UserAnswer
from api.service import Service
from recsys.bundle import Bundle
from recsys.config import Config
from recsys.data.person import Person
from recsys.items.slate import ItemQuery, Ranking
from recsys.ladder import Question, RungName, Step
from recsys.storage import objects
from recsys.storage.database.open import open_database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.models.store import ModelStore
from tests import worlds
from tests.api.conftest import Api
from tests.bench.servers import free_port
from tests.worlds import END, World


def newer_version(world: World) -> str:
    """Train again, with one more user in the log."""
    log = EventLog(open_database(world.config.storage.url))
    log.append([Event("late", "late", "purchase", END - 1, item_id="i05", value=2.0)], now=END)
    version = worlds.train(world.config, log)
    log.database.close()
    return version


def damage(world: World, version: str) -> Path:
    """Flip one bit in the largest array of a version."""
    folder = Path(world.config.storage.models_dir) / version
    file = max(folder.rglob("*.npy"), key=lambda path: path.stat().st_size)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    return file.relative_to(folder)


def until(happened: Callable[[], bool], *, seconds: float = 60.0) -> bool:
    """Wait for what another thread does."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.01)
    return True


def serving(api: Api) -> str:
    return str(api.client.get("/v1/models/current").json()["version"])


def test_a_new_champion_is_picked_up_and_no_request_fails(api: Api) -> None:
    before = serving(api)
    after = newer_version(api.world)
    seen, statuses = set(), set()

    def asked() -> bool:
        response = api.client.get("/v1/users/u03")
        statuses.add(response.status_code)
        seen.add(response.json()["model_version"])
        return after in seen

    assert until(asked)
    assert statuses == {200}
    assert seen <= {before, after}
    assert f'version="{after}"' in api.client.get("/metrics").text


def test_no_answer_of_a_batch_mixes_versions(api: Api) -> None:
    newer_version(api.world)
    body = {"user_ids": ["u03", "u04"] * 200, "limit": 2}
    for _ in range(5):
        answers = api.client.post("/v1/recommendations:batch", json=body).json()["answers"]
        assert len({answer["model_version"] for answer in answers}) == 1


def test_a_rollback_is_followed(api: Api) -> None:
    before, after = serving(api), newer_version(api.world)
    assert until(lambda: serving(api) == after)
    ModelStore.of(api.config.storage).rollback(at=END)
    assert until(lambda: serving(api) == before)


def test_a_damaged_new_champion_is_refused_by_name_and_the_old_one_goes_on(
    api: Api, tmp_path: Path
) -> None:
    elsewhere = api.world.copy(tmp_path / "elsewhere")
    after = newer_version(elsewhere)
    file = damage(elsewhere, after)
    there, here = (Path(w.config.storage.models_dir) for w in (elsewhere, api.world))
    shutil.copytree(there / after, here / after)
    (there / "champion").replace(here / "champion")
    assert until(lambda: api.client.get("/health/ready").json()["refused"] is not None)
    ready = api.client.get("/health/ready")
    assert ready.status_code == 200
    assert f"{after} refused: {file}" in ready.json()["refused"]
    assert serving(api) == api.world.version
    assert api.client.get("/v1/users/u03").status_code == 200


def test_at_start_a_damaged_champion_gives_way_to_the_one_before(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    before, after = world.version, newer_version(world)
    file = damage(world, after)
    with TestClient(create_app(world.config)) as client:
        assert client.get("/v1/users/u03").json()["model_version"] == before
        ready = client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json()["model_version"] == before
        assert str(file) in ready.json()["refused"]
    refusals = [line for line in capfd.readouterr().err.splitlines() if "refused" in line]
    assert len(refusals) == 1
    assert str(file) in refusals[0]


def test_when_every_version_is_damaged_nothing_is_served_and_said_why(world: World) -> None:
    file = damage(world, world.version)
    with TestClient(create_app(world.config)) as client:
        assert client.get("/health/live").status_code == 200
        response = client.get("/health/ready")
        assert response.status_code == 503
        assert str(file) in response.json()["why"][0]
        for path in ("/v1/users/u03", "/v1/models/current", "/v1/segments"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert f"{world.version} refused: {file}" in answer.json()["detail"]
            assert "recsys train" not in answer.text


def test_a_champion_that_appears_later_is_served(tmp_path: Path, built_world: World) -> None:
    config = worlds.configured(tmp_path, accept_other_store=True)
    with TestClient(create_app(config)) as client:
        assert client.get("/health/ready").status_code == 503
        # a pointer is never there before its version
        away = built_world.copy(tmp_path / "away").folder
        (away / "models").rename(tmp_path / "models")
        assert until(lambda: client.get("/health/ready").status_code == 200)


def test_a_damaged_pointer_serves_the_last_champion_of_the_history(world: World) -> None:
    (Path(world.config.storage.models_dir) / "champion").write_bytes(b"{")
    with TestClient(create_app(world.config)) as client:
        ready = client.get("/health/ready")
        answer = client.get("/v1/users/u07/recommendations").json()
    assert ready.status_code == 200
    assert "champion is not what was written" in ready.json()["refused"]
    assert answer["model_version"] == world.version


@dataclass(frozen=True)
class Broken:
    """A rung with a bug."""

    name: RungName

    def declines(self, person: Person) -> Step | None:
        return None

    def because(self, person: Person) -> str:
        return "never said"

    def answer(self, person: Person, query: ItemQuery) -> Ranking | None:
        raise ZeroDivisionError(f"about {person.user_id}")


def break_rungs(service: Service, *names: RungName, question: str = "items") -> None:
    """Put a bug into rungs of one question of what serves."""
    serving = service.current.serving
    ladder = getattr(serving.answering, question)
    rungs = tuple(Broken(r.name) if r.name in names else r for r in ladder.rungs)
    broken = replace(serving.answering, **{question: replace(ladder, rungs=rungs)})
    service.current.swap(replace(serving, answering=broken))


def test_a_rung_that_raises_costs_its_own_answer_only(api: Api) -> None:
    break_rungs(api.service, RungName.ONE_TO_ONE)
    response = api.client.get("/v1/users/u03/recommendations")
    assert response.status_code == 200
    answer = response.json()
    assert answer["rung"] == "segment"
    assert {step["rung"]: step["reason"] for step in answer["trail"]}["one_to_one"] == "failed"
    assert len(answer["items"]) == 10
    page = api.client.get("/metrics").text
    line = 'recsys_rung_failures_total{question="items",rung="one_to_one"} 1.0'
    assert line in page


def test_with_every_rung_failed_the_answer_is_empty_not_an_error(api: Api) -> None:
    for question in Question:
        break_rungs(api.service, *RungName, question=question)
    response = api.client.get("/v1/users/u03")
    assert response.status_code == 200
    answer = msgspec.json.decode(response.content, type=UserAnswer)
    assert (answer.items, answer.rung) == ([], None)
    assert answer.rung_reason == "every rung failed"
    assert (answer.channel.best, answer.churn.p) == (None, None)
    page = api.client.get("/metrics").text
    for question in Question:
        assert f'recsys_answer_seconds_count{{question="{question}",rung="none"}} 1.0' in page


def test_failed_rungs_are_logged_without_the_user(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    app = create_app(world.config)
    with TestClient(app) as client:
        break_rungs(app.service, *RungName)
        client.get("/v1/users/u03/recommendations")
    logged = capfd.readouterr().err
    assert '"error": "ZeroDivisionError"' in logged
    assert f'"question": "{Question.ITEMS}"' in logged
    assert "u03" not in logged


@pytest.mark.parametrize("question", Question)
def test_a_version_whose_lowest_rung_fails_never_serves(api: Api, question: Question) -> None:
    break_rungs(api.service, RungName.POPULAR, question=question)
    with pytest.raises(CannotAnswer, match="lowest rung"):
        warm_up(api.service.current.serving, api.service.desk, api.service.reader, at=END)


def test_a_version_that_does_not_fit_this_code_is_refused(world: World) -> None:
    store = ModelStore.of(world.config.storage)
    bundle, manifest = store.load(world.version, Bundle)
    version = store.register(bundle, replace(manifest, verdicts={}), at=END)
    store.promote(version, why="a test", at=END)
    with TestClient(create_app(world.config)) as client:
        ready = client.get("/health/ready").json()
        assert ready["model_version"] == world.version
        assert version in ready["refused"]


def on_storage(world: World, bucket: str, folder: Path) -> Config:
    """Put the world's champion on object storage, and return where a replica finds it."""
    places = {"models_dir": bucket, "models_cache": str(folder / "replica")}
    config = world.config.model_copy(
        update={"storage": world.config.storage.model_copy(update=places)}
    )
    bundle, manifest = ModelStore.of(world.config.storage).load(world.version, Bundle)
    trainer = ModelStore(bucket, cache=folder / "trainer")
    trainer.promote(trainer.register(bundle, manifest, at=END), why="a test", at=END)
    return config


def test_a_replica_serves_from_object_storage_and_follows_it(
    world: World, bucket: str, tmp_path: Path
) -> None:
    config = on_storage(world, bucket, tmp_path)
    answer = "/v1/users/u03/recommendations"
    with TestClient(create_app(config)) as client, TestClient(create_app(world.config)) as other:
        from_storage, from_folder = (each.get(answer).json() for each in (client, other))
        assert from_storage["model_version"] == world.version
        assert from_storage["items"] == from_folder["items"]
        after = newer_version(world)
        bundle, manifest = ModelStore.of(world.config.storage).load(after, Bundle)
        trainer = ModelStore(bucket, cache=tmp_path / "trainer")
        trainer.promote(trainer.register(bundle, manifest, at=END), why="a test", at=END)
        assert until(lambda: client.get("/v1/models/current").json()["version"] == after)


def test_while_object_storage_is_down_a_replica_that_starts_says_so(
    world: World, s3: dict[str, str], bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = on_storage(world, bucket, tmp_path)
    monkeypatch.setattr(objects, "RETRIES", 0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with TestClient(create_app(config)) as client:
        ready = client.get("/health/ready")
        assert ready.status_code == 503
        assert f"the model store {bucket} is unavailable" in ready.json()["refused"]
