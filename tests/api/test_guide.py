"""The guides as pages: whole, offline, and safe to look at."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from api import guide
from api.app import create_app
from recsys.config import Config


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(Config()))


@pytest.mark.parametrize("path", ["/guide", *(f"/guide/{name}" for name in guide.PAGES)])
def test_a_page_shows_its_text_its_menu_and_nothing_from_outside(
    client: TestClient, path: str
) -> None:
    response = client.get(path)
    assert response.status_code == 200
    page = response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>" in page
    assert all(f"/guide/{name}" in page for name in guide.PAGES)
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert "<script" not in page
    assert "style=" not in page
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_every_link_of_every_page_is_answered(client: TestClient) -> None:
    for path in ("/guide", *(f"/guide/{name}" for name in guide.PAGES)):
        for target in set(re.findall(r'href="(/[^"#]*)"', client.get(path).text)):
            assert client.get(target).status_code == 200, (path, target)


def test_the_page_that_is_looked_at_is_marked_in_the_menu(client: TestClient) -> None:
    page = client.get("/guide/website").text
    assert '<a href="/guide/website" aria-current="page">Website</a>' in page


def test_behind_a_proxy_links_carry_its_prefix() -> None:
    client = TestClient(create_app(Config()), root_path="/recsys")
    page = client.get("/guide").text
    assert 'href="/recsys/guide/style.css"' in page
    assert 'href="/recsys/guide/website"' in page


def test_a_guide_that_there_is_not_is_a_problem(client: TestClient) -> None:
    response = client.get("/guide/nonsense")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
