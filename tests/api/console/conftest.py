"""The console over the small shop, and people who may see more and more of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from recsys.storage.access import accounts, sessions
from recsys.storage.access.accounts import Role
from tests.api.conftest import Api

PASSWORD = "correct horse battery"  # noqa: S105 - a test's
Enter = Callable[[Role], TestClient]


@pytest.fixture
def enter(api: Api) -> Enter:
    """Sign somebody of a role in; returned is their browser."""
    return entering(api)


@pytest.fixture
def enter_held(held: Api) -> Enter:
    """Sign somebody in where people are held out."""
    return entering(held)


def entering(api: Api) -> Enter:
    """Return what signs somebody in to a console."""

    def entered(role: Role) -> TestClient:
        database = api.service.log.database
        if role not in {account.role for account in accounts.every(database)}:
            accounts.add(database, str(role), role, PASSWORD, at=0)
        browser = TestClient(api.client.app, base_url="https://shop.example")
        from api.console.access import now

        secret = sessions.begin(database, str(role), at=now())
        browser.cookies.set("__Host-recsys", secret)
        return browser

    return entered
