"""Who may come in: nobody until there is an account, and nobody by a form of another site."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from api.console.access import now
from recsys.__main__ import app
from recsys.errors import BadQuery
from recsys.storage.access import accounts, sessions
from recsys.storage.access.accounts import Role
from recsys.storage.access.sessions import IDLE, LONGEST
from tests.api.conftest import Api
from tests.api.console.conftest import PASSWORD, Enter
from tests.worlds import World

ANN = {"name": "ann", "password": PASSWORD}


def browser(api: Api, base_url: str = "https://shop.example") -> TestClient:
    return TestClient(api.client.app, base_url=base_url, follow_redirects=False)


def add(api: Api, name: str = "ann", role: Role = Role.VIEWER, password: str = PASSWORD) -> None:
    accounts.add(api.service.log.database, name, role, password, at=now())


def test_there_is_no_console_until_there_is_an_account(api: Api) -> None:
    assert browser(api).get("/console").status_code == 404
    add(api)
    answer = browser(api).get("/console")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/login")


def test_a_password_lets_in_and_only_its_hash_is_kept(api: Api) -> None:
    add(api)
    client = browser(api)
    answer = client.post("/console/login?next=/console/ladder", data=ANN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/ladder")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-recsys=")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert part in cookie
    secret = client.cookies["__Host-recsys"]
    kept = api.service.log.database.read("SELECT sha256 FROM console_sessions")
    assert secret not in str(kept)
    assert client.get("/console").status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"name": "ann", "password": "x"}, {"name": "eve", "password": PASSWORD}]
)
def test_what_is_wrong_is_not_told(api: Api, wrong: dict[str, str]) -> None:
    add(api)
    answer = browser(api).post("/console/login", data=wrong)
    assert answer.status_code == 403
    assert "Name or password is wrong." in answer.text


def test_a_password_may_be_tried_five_times_a_minute(api: Api) -> None:
    add(api)
    tries = [browser(api).post("/console/login", data={**ANN, "password": "x"}) for _ in range(6)]
    assert [one.status_code for one in tries] == [403] * 5 + [429]


def test_a_link_lets_in_once(api: Api) -> None:
    add(api, password="")
    secret = accounts.link(api.service.log.database, "ann", at=now())
    assert browser(api).get(f"/console/enter?secret={secret}").status_code == 200
    assert browser(api).post("/console/enter", data={"secret": secret}).status_code == 303
    assert browser(api).post("/console/enter", data={"secret": secret}).status_code == 403


def test_an_old_link_lets_nobody_in(api: Api) -> None:
    add(api, password="")
    secret = accounts.link(api.service.log.database, "ann", at=now() - IDLE)
    assert browser(api).post("/console/enter", data={"secret": secret}).status_code == 403


@pytest.mark.parametrize("age", [IDLE, LONGEST])
def test_an_old_cookie_opens_nothing(api: Api, age: int) -> None:
    add(api)
    client = browser(api)
    client.cookies.set(
        "__Host-recsys", sessions.begin(api.service.log.database, "ann", at=now() - age)
    )
    assert client.get("/console").status_code == 303


def test_a_session_ends_however_busy_it_is(api: Api) -> None:
    add(api)
    database, began = api.service.log.database, now() - LONGEST
    secret = sessions.begin(database, "ann", at=began)
    for at in range(began, began + LONGEST, IDLE // 2):
        assert sessions.of(database, secret, at=at) is not None
    assert sessions.of(database, secret, at=now()) is None


def test_who_signs_in_anew_has_a_new_session_and_the_old_one_opens_nothing(api: Api) -> None:
    add(api)
    client = browser(api)
    client.post("/console/login", data=ANN)
    stolen = client.cookies["__Host-recsys"]
    client.post("/console/login", data=ANN)
    assert client.cookies["__Host-recsys"] != stolen
    assert sessions.of(api.service.log.database, stolen, at=now()) is None


def test_who_signs_out_or_is_removed_is_out_at_once(api: Api, enter: Enter) -> None:
    viewer, admin = enter(Role.VIEWER), enter(Role.ADMIN)
    stolen = viewer.cookies["__Host-recsys"]
    viewer.post("/console/logout")
    assert sessions.of(api.service.log.database, stolen, at=now()) is None
    accounts.remove(api.service.log.database, "admin")
    assert admin.get("/console", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "https://shop.example"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_form_of_another_site_does_nothing(
    enter: Enter, api: Api, headers: dict[str, str]
) -> None:
    client = enter(Role.ADMIN)
    for path in ("logout", "look", "login", "person/find"):
        answer = client.post(f"/console/{path}", data={"id": "u03"}, headers=headers)
        assert answer.status_code == 403, path
    secret = client.cookies["__Host-recsys"]
    assert sessions.of(api.service.log.database, secret, at=now()) is not None


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-origin"}, {"origin": "https://shop.example"}, {}]
)
def test_a_form_of_its_own_is_taken(enter: Enter, headers: dict[str, str]) -> None:
    client = enter(Role.ANALYST)
    answer = client.post(
        "/console/person/find", data={"id": "u03"}, headers=headers, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/person?id=u03")


def test_in_the_clear_only_this_machine_may_sign_in(api: Api) -> None:
    add(api)
    far = browser(api, "http://shop.example").post("/console/login", data=ANN)
    assert far.status_code == 422
    assert "set-cookie" not in far.headers
    near = browser(api, "http://127.0.0.1:8000").post("/console/login", data=ANN)
    assert near.status_code == 303
    assert near.headers["set-cookie"].startswith("recsys-console=")


@pytest.mark.parametrize(
    "there", ["https://evil.example", "//evil.example", "/\\evil.example", "/v1/users", "console"]
)
def test_signing_in_never_leads_elsewhere(api: Api, there: str) -> None:
    add(api)
    answer = browser(api).post("/console/login", params={"next": there}, data=ANN)
    assert answer.headers["location"] == "/console"


@pytest.mark.parametrize(
    "path", ["static/%2e%2e%2fsite.py", "static/..%2f..%2fapp.py", "static/site.py"]
)
def test_no_path_leads_out_of_the_files(enter: Enter, path: str) -> None:
    assert enter(Role.ADMIN).get(f"/console/{path}").status_code in {404, 401}


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.VIEWER, "home", 200),
        (Role.VIEWER, "ladder", 200),
        (Role.VIEWER, "person?id=u03", 403),
        (Role.MARKETER, "person?id=u03", 403),
        (Role.ANALYST, "person?id=u03", 200),
        (Role.ADMIN, "nowhere", 404),
    ],
)
def test_a_role_sees_what_it_may(enter: Enter, role: Role, path: str, status: int) -> None:
    assert enter(role).get(f"/console/{path}").status_code == status


def test_no_answer_is_kept_framed_or_loads_from_elsewhere(enter: Enter) -> None:
    headers = enter(Role.VIEWER).get("/console").headers
    assert headers["cache-control"] == "private, no-store"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe" not in policy


def test_a_short_password_is_refused(api: Api) -> None:
    with pytest.raises(BadQuery, match="at least 12 characters"):
        add(api, password="short")  # noqa: S106 - a test's


@pytest.mark.parametrize("piped", ["", "\n"])
def test_an_account_without_a_password_has_to_be_asked_for(here: World, piped: str) -> None:
    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["console", "user", *words], input=piped)

    refused = run("add", "ann")
    assert isinstance(refused.exception, BadQuery)
    assert "a password, typed or piped in, or --link-only" in str(refused.exception)
    assert "no accounts" in run("list").output
    assert "enter?secret=" in run("add", "ann", "--link-only").output
