"""The same over HTTP: who may make whom one with another, what is told of it, and undone."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest

from recsys.storage.users import merges
from tests.api.conftest import Api, SetClock, running
from tests.worlds import World, configured

SECRET = "s" * 32
ADMIN = {"X-API-Key": "admin"}
VIEW = {"type": "track", "event": "view", "item_id": "i03"}


def proof(user_id: str) -> str:
    return hmac.new(SECRET.encode(), user_id.encode(), sha256).hexdigest()


@pytest.fixture
def shop(world: World) -> Iterator[Api]:
    """A shop with a secret for proofs, and a key for admins and one for events."""
    keys = {name: [sha256(name.encode()).hexdigest()] for name in ("admin", "write")}
    serving = {f"{name}_keys_sha256": hashed for name, hashed in keys.items()}
    config = configured(world.folder, user_hash_secret=SECRET, **serving)
    with contextmanager(running)(World(world.folder, config, world.version)) as api:
        yield api


def call(api: Api, key: str, *batch: dict[str, Any]) -> list[tuple[str, str | None]]:
    told = api.client.post("/v1/batch", json={"batch": list(batch)}, headers={"X-API-Key": key})
    assert told.json()["success"] == all(
        one["verdict"] == "accepted" for one in told.json()["events"]
    )
    return [(one["verdict"], one["code"]) for one in told.json()["events"]]


def value(api: Api, user: str) -> Any:
    return api.client.get(f"/v1/users/{user}/value", headers=ADMIN).json()["value"]


SIGN_IN = {"type": "identify", "userId": "attacker", "anonymousId": "u03"}
ALIAS = {"type": "alias", "userId": "attacker", "previousId": "u03"}


@pytest.mark.parametrize("said", [SIGN_IN, ALIAS])
def test_a_write_key_takes_nobody_over(shop: Api, said: dict[str, Any]) -> None:
    before = value(shop, "u03")
    told = call(shop, "write", said, {**said, "user_hash": proof("attacker")})
    assert told == [("rejected", "known_user")] * 2
    assert value(shop, "u03") == before
    assert value(shop, "attacker") != before


@pytest.mark.parametrize("said", [SIGN_IN, ALIAS])
def test_an_admins_key_or_a_proof_makes_two_one(shop: Api, said: dict[str, Any]) -> None:
    assert call(shop, "admin", said) == [("accepted", None)]
    other = {**said, "userId": "heir", "user_hash": proof("u06").upper()}
    other |= {name: "u06" for name in ("anonymousId", "previousId") if name in said}
    assert call(shop, "write", other) == [("accepted", None)]


@pytest.mark.parametrize("place", ["traits", "context"])
def test_a_proof_is_read_where_stock_clients_can_put_it(shop: Api, place: str) -> None:
    assert call(shop, "write", {**SIGN_IN, place: {"userHash": proof("u03")}}) == [
        ("accepted", None)
    ]


def test_a_merged_user_keeps_row_value_and_churn_at_once_and_undone_all_is_as_it_was(
    shop: Api,
) -> None:
    ask = "/v1/users/{}/churn"
    before = value(shop, "u03")
    churn = shop.client.get(ask.format("u03"), headers=ADMIN).json()["churn"]
    call(shop, "admin", ALIAS)
    assert value(shop, "attacker") == value(shop, "u03") == before
    assert shop.client.get(ask.format("attacker"), headers=ADMIN).json()["churn"] == churn
    undone = shop.client.post("/v1/users/u03/unmerge", headers={"X-API-Key": "admin"})
    assert (undone.status_code, undone.json()["former_owner"]) == (200, "attacker")
    assert undone.json()["events"] > 30
    assert value(shop, "u03") == before
    assert value(shop, "attacker")["historic_clv"] == 0


def test_two_trained_users_made_one_were_worth_what_both_were(shop: Api) -> None:
    both = [value(shop, user)["historic_clv"] for user in ("u03", "u06")]
    call(shop, "admin", {**ALIAS, "userId": "u06"})
    assert value(shop, "u06")["historic_clv"] == pytest.approx(sum(both))


def test_who_signs_in_on_anothers_device_is_told_that_nothing_moved(shop: Api) -> None:
    device = {"type": "identify", "anonymousId": "device"}
    assert (
        call(shop, "write", {**VIEW, "anonymousId": "device"}, {**device, "userId": "ann"})
        == [("accepted", None)] * 2
    )
    assert call(shop, "write", {**device, "userId": "ben"}) == [("rejected", "claimed_id")]
    alone = shop.client.post(
        "/v1/identify", json={**device, "userId": "ben"}, headers={"X-API-Key": "write"}
    )
    assert (alone.status_code, alone.json()["success"]) == (200, False)
    assert "nothing was moved; the traits were kept" in alone.json()["events"][0]["reason"]


def test_only_admins_undo_and_only_what_was_merged(shop: Api) -> None:
    call(shop, "admin", ALIAS)
    for key, status in (("write", 403), ("", 401), ("admin", 200), ("admin", 409)):
        told = shop.client.post("/v1/users/u03/unmerge", headers={"X-API-Key": key})
        assert told.status_code == status
    assert told.headers["content-type"] == "application/problem+json"


def test_lists_name_who_a_former_id_became_once(shop: Api) -> None:
    database = shop.service.log.database
    merges.merge(database, "u03", "heir", at=SetClock().at)
    merges.merge(database, "u06", "u09", at=SetClock().at)
    named = list(shop.service.identities.people(["u03", "u06", "u09", "u12"]))
    assert named == ["heir", "u09", "u12"]
    assert list(shop.service.identities.people(["u03"], as_named=True)) == ["u03"]


def test_the_secret_is_long_and_never_in_a_file(world: World) -> None:
    from recsys.errors import BadConfigFile, BadValue
    from recsys.storage.files.config import read_config

    with pytest.raises(BadValue, match="at least 32 characters"):
        configured(world.folder, user_hash_secret="short")  # noqa: S106 - a bad one
    file = world.folder / "recsys.toml"
    file.write_text(f'[serving]\nport = 1\nuser_hash_secret = "{SECRET}"\n')
    with pytest.raises(BadConfigFile, match=r"line 3.*RECSYS_SERVING__USER_HASH_SECRET") as told:
        read_config(file, {})
    assert SECRET not in str(told.value)
