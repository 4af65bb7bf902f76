"""A model answers from the store that it was trained on: another knows nobody's refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recsys.storage.backup import backup
from recsys.storage.database.interface import Database
from recsys.storage.database.open import open_database
from recsys.storage.models.belonging import store_id
from recsys.storage.privacy import erasure
from recsys.storage.users.consents import Consent, Consents
from tests.api.conftest import Api, running
from tests.worlds import DENIED, World, configured


@contextmanager
def on(world: World, url: str, **serving: Any) -> Iterator[Api]:
    moved = World(world.folder, configured(world.folder, **serving), world.version).on(url)
    with contextmanager(running)(moved) as api:
        yield api


def elsewhere(world: World) -> str:
    return f"sqlite:///{world.folder}/new.db"


def asked(api: Api, user: str) -> Any:
    return api.client.get(f"/v1/users/{user}/recommendations").json()


def test_a_store_has_one_id_that_its_backups_and_copies_keep(
    database: Database, tmp_path: Path
) -> None:
    own = store_id(database)
    assert store_id(database) == own
    backup.copy(database, f"sqlite:///{tmp_path}/copy.db")
    copy = open_database(f"sqlite:///{tmp_path}/copy.db")
    assert store_id(copy) == own
    assert store_id(open_database(f"sqlite:///{tmp_path}/other.db")) != own


def test_from_an_empty_store_nobody_is_answered_and_the_reason_is_told(world: World) -> None:
    with on(world, elsewhere(world)) as api:
        ready = api.client.get("/health/ready")
        assert ready.status_code == 503
        assert "do not belong together: it was trained on the store" in ready.json()["refused"]
        assert api.client.get("/v1/users/u03").status_code == 503


def test_from_a_store_that_lost_its_end_nobody_is_answered(world: World) -> None:
    store = open_database(world.config.storage.url)
    with store.writing() as writing:
        writing.execute("DELETE FROM events WHERE seq > 10")
    store.close()
    with on(world, world.config.storage.url) as api:
        assert "places of the log, and this store has 10" in api.client.get("/health/ready").text


def test_told_to_answer_all_the_same_only_who_granted_it_there_is_profiled(world: World) -> None:
    store = open_database(elsewhere(world))
    Consents(store).record([Consent("u03", "profiling", "", "granted", 1)])
    store.close()
    with on(world, elsewhere(world), accept_other_store=True) as api:
        assert asked(api, "u03")["rung"] == "one_to_one"
        for user in ("u06", DENIED):
            answer = asked(api, user)
            assert answer["rung"] in {"popular", "segment"}
            assert {"no_consent"} <= {step["reason"] for step in answer["trail"]}


def test_who_was_erased_or_denied_after_a_backup_is_not_profiled_after_its_restore(
    world: World,
) -> None:
    url, file = world.config.storage.url, world.folder / "monday.db"
    store = open_database(url)
    backup.back_up(store, file)
    erasure.erase(store, "u03", at=1, receipt_id="r")
    store.close()
    backup.restore(url, file)
    with on(world, url) as api:
        assert asked(api, "u03")["rung"] == "popular"
        assert asked(api, "u06")["rung"] == "one_to_one"
