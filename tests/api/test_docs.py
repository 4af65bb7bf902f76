"""The page of the API's description."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient

from api.app import create_app
from recsys.config import Config
from tests.api.conftest import Api


def test_the_page_and_all_that_it_loads_come_from_here(shared_api: Api) -> None:
    page = shared_api.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in re.sub(r"^\s*//.*$", "", page.text, flags=re.MULTILINE)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 3
    for path in (*loaded, "/openapi.json"):
        assert path in page.text
        assert shared_api.client.get(path).status_code == 200
    scripts = [path for path in loaded if path.endswith(".js")]
    assert "SwaggerUIBundle" in shared_api.client.get(scripts[0]).text


def test_behind_a_proxy_the_page_loads_from_where_the_proxy_is() -> None:
    client = TestClient(create_app(Config()), root_path="/shop")
    assert 'src="/shop/docs/assets/swagger-ui-bundle.js"' in client.get("/docs").text


def test_a_file_that_is_not_there_is_a_problem(shared_api: Api) -> None:
    missing = shared_api.client.get("/docs/assets/none.js")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
