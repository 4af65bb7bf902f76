"""Keys: shown once, kept as hashes; a page of others, a wrong name, a lost key open nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from api.errors import ForeignPage, KeyWithoutRight, UnknownHost, WrongKey
from api.web.keys import LABEL, Keys, Right
from recsys.__main__ import app
from recsys.config import ServingSection
from recsys.data.times import DAY, SECOND
from recsys.errors import BadQuery, StoreUnavailable
from recsys.storage.access import audit, keys
from recsys.storage.access.keys import Key
from recsys.storage.database.interface import Database
from recsys.storage.database.open import open_database

NOW = 1_000 * DAY
SHOP = Key("shop", frozenset({Right.READ}), created_at=NOW, expires_at=NOW + DAY)
PAGE = "https://shop.example"
Carried = Callable[[str], dict[str, str]]
CARRIED: tuple[Carried, ...] = (
    lambda text: {"x_api_key": text},
    lambda text: {"authorization": f"Bearer {text}"},
)


def asking(method: str = "GET", query: str = "", **headers: str) -> dict[str, Any]:
    said = {"host": "127.0.0.1:8000", **headers}
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in said.items()]
    return {"method": method, "headers": encoded, "query_string": query.encode()}


class Fixed:
    """Keys of a store, at a time that tests turn."""

    def __init__(self, database: Database | None, at: int = NOW) -> None:
        self.at = at
        self.keys = Keys(ServingSection(), clock=lambda: self.at)
        if database is not None:
            self.keys.follow(lambda: keys.every(database))


def test_a_key_is_kept_as_its_hash_and_shown_once(database: Database) -> None:
    text = keys.create(database, SHOP)
    assert text.startswith("sk_")
    assert len(text) > 40
    assert keys.every(database) == {keys.hashed(text): SHOP}
    assert text not in str(database.read("SELECT * FROM keys"))
    with pytest.raises(BadQuery, match="allowed: a label that no key has"):
        keys.create(database, SHOP)


@pytest.mark.parametrize("carried", CARRIED)
def test_a_key_opens_what_it_is_for_until_it_expires_or_is_revoked(
    database: Database, carried: Carried
) -> None:
    text = keys.create(database, SHOP)
    other = keys.create(database, replace(SHOP, label="other", rights=frozenset({Right.ADMIN})))
    fixed = Fixed(database)
    asked = asking(**carried(text))
    for _ in range(2):
        fixed.keys.check(asked, Right.READ)
        assert asked.pop(LABEL) == "shop"
    for right in (Right.WRITE, Right.EXPORT, Right.ADMIN):
        with pytest.raises(KeyWithoutRight, match=f"opens read; needed: {right}"):
            fixed.keys.check(asking(**carried(text)), right)
        fixed.keys.check(asking(**carried(other)), right)
    fixed.at = NOW + DAY
    with pytest.raises(WrongKey):
        fixed.keys.check(asking(**carried(text)), Right.READ)
    keys.expire(database, "shop", at=None)
    fixed.keys.follow(lambda: keys.every(database))
    fixed.keys.check(asking(**carried(text)), Right.READ)
    keys.revoke(database, "shop", at=NOW)
    fixed.keys.follow(lambda: keys.every(database))
    with pytest.raises(WrongKey):
        fixed.keys.check(asking(**carried(text)), Right.READ)


def test_when_the_last_key_is_revoked_nothing_is_open_again(database: Database) -> None:
    keys.create(database, SHOP)
    keys.revoke(database, "shop", at=NOW)
    fixed = Fixed(database)
    assert fixed.keys.wanted
    with pytest.raises(WrongKey, match="no key"):
        fixed.keys.check(asking(), Right.READ)


def test_keys_that_cannot_be_read_yet_are_read_before_anything_else_is(database: Database) -> None:
    text = keys.create(database, SHOP)
    lost = True

    def every() -> Any:
        if lost:
            raise StoreUnavailable("gone")
        return keys.every(database)

    fixed = Fixed(None)
    with pytest.raises(StoreUnavailable):
        fixed.keys.follow(every)
    lost = False
    with pytest.raises(WrongKey):
        fixed.keys.check(asking(), Right.READ)
    fixed.keys.check(asking(x_api_key=text), Right.READ)
    lost = True
    with pytest.raises(StoreUnavailable):
        fixed.keys.follow(every)
    with pytest.raises(WrongKey):
        fixed.keys.check(asking(), Right.READ)


def test_when_a_key_was_used_last_is_known(database: Database) -> None:
    text, fixed = keys.create(database, SHOP), Fixed(database)
    fixed.keys.follow(lambda: keys.every(database))
    fixed.keys.check(asking(x_api_key=text), Right.READ)
    keys.used(database, fixed.keys.used())
    (found,) = keys.every(database).values()
    assert found.last_used_at == NOW


def test_what_came_beside_a_key_opens_nothing_by_itself(database: Database) -> None:
    text, fixed = keys.create(database, SHOP), Fixed(database)
    fixed.keys.check(asking(authorization="Digest x", x_api_key=text), Right.READ)
    with pytest.raises(WrongKey):
        fixed.keys.check(asking(authorization="Digest x"), Right.READ)
    fixed.keys.check(asking(x_api_key=text), Right.READ)
    for wrong in ("Bearer x", "Basic eDo="):
        with pytest.raises(WrongKey):
            fixed.keys.check(asking(authorization=wrong, x_api_key=text), Right.READ)


def test_a_use_is_told_once_a_minute(database: Database) -> None:
    text, fixed = keys.create(database, SHOP), Fixed(database)
    told = []
    for seconds in (0, 1, 59, 60, 61):
        fixed.at = NOW + seconds * SECOND
        fixed.keys.check(asking(x_api_key=text), Right.READ)
        told.append(dict(fixed.keys.used()))
    assert told == [{"shop": NOW}, {}, {}, {"shop": NOW + 60 * SECOND}, {}]


def test_only_a_browsers_key_may_stand_in_an_address(database: Database) -> None:
    public = keys.create(database, Key("page", frozenset({Right.BROWSER}), (PAGE,)))
    secret, fixed = keys.create(database, SHOP), Fixed(database)
    assert public.startswith("pk_")
    asked = asking(query=f"limit=3&key={public}&cart=a%26b", origin=PAGE)
    fixed.keys.check(asked, Right.READ, browser=True)
    assert asked["query_string"] == b"limit=3&cart=a%26b"
    fixed.keys.check(asking("POST", f"key={public}", origin=PAGE), Right.WRITE, browser=True)
    for query in (f"key={secret}", f"key={public}&key={secret}", "key="):
        with pytest.raises(WrongKey):
            fixed.keys.check(asking(query=query), Right.READ, browser=True)
    with pytest.raises(ForeignPage, match=r"'https://evil.example' may not.*https://shop.example"):
        fixed.keys.check(asking(query=f"key={public}", origin="https://evil.example"), Right.READ,
                         browser=True)  # fmt: skip
    with pytest.raises(KeyWithoutRight):
        fixed.keys.check(asking(query=f"key={public}"), Right.READ)


@pytest.mark.parametrize("host", ["evil.example:8000", "127.0.0.1.evil.example", "a.local"])
def test_a_name_that_others_own_leads_nowhere_without_keys(host: str) -> None:
    with pytest.raises(UnknownHost):
        Fixed(None).keys.check(asking(host=host), Right.READ)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "[::1]:8000", "localhost", "api:8000", "10.0.0.7"]
)
def test_numbers_and_names_without_a_dot_are_nobodys(host: str) -> None:
    Fixed(None).keys.check(asking(host=host), Right.READ)


def test_the_services_own_name_can_be_said() -> None:
    own = Keys(ServingSection(allowed_hosts=("recs.shop.example",)))
    own.check(asking(host="recs.shop.example"), Right.READ)


@pytest.mark.parametrize(
    "page",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:3000"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_no_page_of_others_changes_anything(page: dict[str, str], database: Database) -> None:
    text = keys.create(database, replace(SHOP, rights=frozenset({Right.ADMIN})))
    for held, key in ((Fixed(None), {}), (Fixed(database), {"x_api_key": text})):
        for method, right in (("POST", Right.WRITE), ("GET", Right.WRITE), ("DELETE", Right.ADMIN)):
            with pytest.raises(ForeignPage):
                held.keys.check(asking(method, **page, **key), right)
        held.keys.check(asking("POST", origin="http://127.0.0.1:8000", **key), Right.WRITE)
        held.keys.check(asking("POST", **key), Right.WRITE)
        held.keys.check(asking("GET", sec_fetch_site="cross-site", **key), Right.READ)


def test_the_command_makes_lists_expires_and_revokes(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("RECSYS_STORAGE__URL", url)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, ["keys", *words])
        assert result.exit_code == 0, result.exception
        return result.output

    assert run("list").startswith("no keys")
    text = run("create", "page", "--scope", "browser", "--origin", PAGE, "--days", "2").strip()
    run("create", "crm", "--scope", "read", "--scope", "export")
    run("expire", "crm", "--days", "0")
    run("revoke", "page")
    told = run("list")
    assert "page: browser; revoked; until " in told
    assert f"for {PAGE}; never used" in told
    assert "crm: export, read; expired; " in told
    assert text not in told
    store = open_database(url)
    assert [(e.action, e.subject) for e in audit.entries(store)] == [
        ("changed_keys", "made page"),
        ("changed_keys", "made crm"),
        ("changed_keys", "expires crm"),
        ("changed_keys", "revoked page"),
    ]
    store.close()
    for words in (["create", "x", "--scope", "root"], ["create", "x", "--scope", "read", "--origin",
                  "shop.example"], ["revoke", "none"]):  # fmt: skip
        assert isinstance(CliRunner().invoke(app, ["keys", *words]).exception, BadQuery)
