"""Who reads the disk reads no address: it is encrypted, found by a keyed hash, and erased."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recsys.__main__ import app
from recsys.config import parse
from recsys.errors import BadConfigFile, BadValue
from recsys.storage.database.interface import Database
from recsys.storage.files.config import read_config
from recsys.storage.privacy import erasure
from recsys.storage.privacy.personal_data import personal_data
from recsys.storage.privacy.vault import Vault, new_key
from recsys.storage.users import merges, sensitive
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.profiles import Profiles
from tests.api.conftest import running
from tests.worlds import World

ANN = "Ann@Shop.example"
TRAITS = {"email": ANN, "plan": "gold"}


def profiles(database: Database, vault: Vault) -> Profiles:
    return Profiles(database, sealing=vault, sensitive=("email",))


def everything(database: Database) -> str:
    tables = ("users", "lookups", "aliases")
    return str([database.read(f"SELECT * FROM {table}") for table in tables])  # noqa: S608


def test_an_address_is_sealed_found_in_any_case_and_opened_for_its_person(
    database: Database,
) -> None:
    vault = Vault([new_key()])
    profiles(database, vault).put_users([("ann", TRAITS, ""), ("ben", {"email": "b@x.org"}, "")])
    assert "ann@" not in everything(database).lower()
    assert sensitive.find(database, vault, "email", " ann@shop.EXAMPLE ") == ["ann"]
    assert sensitive.find(database, vault, "email", "nobody@shop.example") == []
    assert personal_data(database, "ann", vault=vault).traits == TRAITS
    other = personal_data(database, "ann", vault=Vault([new_key()])).traits
    assert other["email"].startswith("sealed:")


def test_no_model_and_no_answer_sees_it(database: Database) -> None:
    profiles(database, Vault([new_key()])).put_users([("ann", TRAITS, "UTC")])
    state = LiveState(database).of("ann", since=0, at=1)
    assert state.traits == {"plan": "gold", "timezone": "UTC"}
    assert Profiles(database).users() == {"ann": ({"plan": "gold"}, "UTC")}


def test_without_a_key_nothing_sensitive_is_kept(database: Database) -> None:
    Profiles(database, sensitive=("email",)).put_users([("ann", TRAITS, "")])
    assert personal_data(database, "ann").traits == {"plan": "gold"}


def test_a_new_key_takes_over_and_the_old_one_can_go(database: Database) -> None:
    old, new = new_key(), new_key()
    kept = profiles(database, Vault([old]))
    kept.put_users([("ann", TRAITS, ""), ("phone", {"email": "p@x.org"}, "")])
    merges.merge(database, "phone", "ann", at=1)
    both = Vault([new, old])
    assert sensitive.find(database, both, "email", ANN) == ["ann"]
    assert sensitive.rotate(database, both) == 2
    alone = Vault([new])
    assert sensitive.find(database, alone, "email", ANN) == ["ann"]
    assert personal_data(database, "ann", vault=alone).traits == TRAITS
    assert sensitive.find(database, Vault([old]), "email", ANN) == []
    merges.unmerge(database, "phone", at=2)
    assert personal_data(database, "phone", vault=alone).traits == {"email": "p@x.org"}


def test_it_follows_a_merge_and_goes_with_an_erasure(database: Database) -> None:
    vault = Vault([new_key()])
    profiles(database, vault).put_users([("phone", TRAITS, "")])
    merges.merge(database, "phone", "ann", at=1)
    assert sensitive.find(database, vault, "email", ANN) == ["ann"]
    erasure.erase(database, "ann", at=2, receipt_id="r")
    assert sensitive.find(database, vault, "email", ANN) == []
    assert database.read("SELECT * FROM lookups") == []


def settings(**privacy: Any) -> dict[str, Any]:
    return {"privacy": {"kept_traits": ["email"], **privacy}}


def test_what_must_be_encrypted_is_not_kept_without_a_key(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="RECSYS_STORAGE__ENCRYPTION_KEYS"):
        parse(settings(), {})
    with pytest.raises(BadValue, match="as `recsys storage new-key` prints them") as told:
        parse(settings(), {"RECSYS_STORAGE__ENCRYPTION_KEYS": "secret"})
    assert "secret" not in str(told.value)
    assert parse(settings(), {"RECSYS_STORAGE__ENCRYPTION_KEYS": new_key()})
    with pytest.raises(BadValue, match="models must see it"):
        parse({"segments": {"trait": "email"}}, {})
    file = tmp_path / "recsys.toml"
    file.write_text(f'[storage]\nencryption_keys = ["{new_key()}"]\n')
    with pytest.raises(BadConfigFile, match="set RECSYS_STORAGE__ENCRYPTION_KEYS in the env"):
        read_config(file, {})


def test_over_http_only_listed_traits_are_kept_and_only_the_person_is_told(world: World) -> None:
    config = world.config.model_copy(
        update={
            "storage": world.config.storage.model_copy(update={"encryption_keys": (new_key(),)}),
            "privacy": world.config.privacy.model_copy(update={"kept_traits": ("email", "plan")}),
        }
    )
    with contextmanager(running)(World(world.folder, config, world.version)) as api:
        traits = {**TRAITS, "country": "France", "shoe": "44"}
        told = api.client.post("/v1/identify", json={"userId": "ann", "traits": traits})
        assert told.json()["success"]
        assert "ann@" not in everything(api.service.log.database).lower()
        assert ANN not in api.client.get("/v1/users/ann").text
        held = api.client.get("/v1/users/ann/export").json()["traits"]
        assert held == {**TRAITS, "country": "France"}


def test_the_commands_make_keys_rotate_and_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*words: str) -> str:
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == 0, result.exception
        return result.output.strip()

    monkeypatch.setenv("RECSYS_STORAGE__URL", f"sqlite:///{tmp_path}/store.db")
    monkeypatch.setenv("RECSYS_PRIVACY__KEPT_TRAITS", "email,plan")
    monkeypatch.chdir(tmp_path)
    without = CliRunner().invoke(app, ["storage", "rotate"])
    assert isinstance(without.exception, BadValue)
    old, new = run("storage", "new-key"), run("storage", "new-key")
    monkeypatch.setenv("RECSYS_STORAGE__ENCRYPTION_KEYS", old)
    users = [{"user_id": "ann", **TRAITS}, {"user_id": "ben", "email": "b@x.org"}]
    (tmp_path / "users.jsonl").write_text("\n".join(map(json.dumps, users)))
    run("import", "users.jsonl", "--users")
    assert b"Ann@" not in b"".join(file.read_bytes() for file in tmp_path.glob("store.db*"))
    monkeypatch.setenv("RECSYS_STORAGE__ENCRYPTION_KEYS", f"{new},{old}")
    assert run("storage", "rotate").startswith("2 values")
    monkeypatch.setenv("RECSYS_STORAGE__ENCRYPTION_KEYS", new)
    assert run("storage", "find", "email", "ANN@shop.example") == "ann"
    assert run("storage", "find", "email", "c@x.org") == "nobody"
