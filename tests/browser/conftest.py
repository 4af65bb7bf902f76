"""The script in a real Chromium, on the page of a shop, against the API on a port of its own."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright
from starlette.types import Receive, Scope, Send

from api.app import create_app
from api.browser.script import loader
from recsys.storage.access.keys import Key, Right, create
from recsys.storage.database.open import open_database
from tests.worlds import END, World, configured

SHOP = "https://shop.example"
SECRET = "s" * 32
CSP = (
    "default-src 'none'; script-src 'nonce-n1' 'strict-dynamic'; connect-src {api}; "
    "img-src https: data:; style-src 'self'; base-uri 'none'"
)
PATIENT = 'data-recsys-wait="10000"'
"""How fast the machine is must not decide what a test says."""

SHELF = """
<div id="shelf" data-recsys-placement="default" data-recsys-limit="{limit}" {wait}>
<template><a class="card" data-field="url"><img data-field="image_url" width="40" height="40">
<b data-field="title"></b></a></template><p id="own">the page's own list</p></div>
"""
PAGE = """<!doctype html><html><head><title>Shop</title>
<link rel="stylesheet" href="/style.css"><script nonce="n1">{loader}
recsys.load("{key}");{script}</script></head><body><h1>Shop</h1>{body}</body></html>"""


def chromium() -> str:
    """Return where Chromium is; `.ci/run` installs Debian's."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("there is no Chromium")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser. While it is there an event loop runs, which tests without pages do not bear."""
    with sync_playwright() as player:
        # The API stands on this machine, which pages of elsewhere may not reach by themselves.
        arguments = ["--no-sandbox", "--disable-features=LocalNetworkAccessChecks"]
        opened = player.chromium.launch(executable_path=chromium(), args=arguments)
        yield opened
        opened.close()


@dataclass
class Server:
    """The API as pages reach it."""

    url: str
    key: str
    own_key: str
    service: Any
    methods: Counter[str] = field(default_factory=Counter)
    """Of all requests that came in: a browser does not tell of its preflights."""


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    """The API on a free port, with a key for the pages of the shop, and one for its own."""
    database = open_database(world.config.storage.url)
    key = create(database, Key("page", frozenset({Right.BROWSER}), origins=(SHOP,)))
    own_key = create(database, Key("demo", frozenset({Right.BROWSER})))
    database.close()
    config = configured(world.folder, allowed_origins=[SHOP], user_hash_secret=SECRET)
    app = create_app(config, clock=lambda: END + 43_200_000_000)
    methods = Counter[str]()

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        methods[scope.get("method", scope["type"])] += 1
        await app(scope, receive, send)

    running = uvicorn.Server(uvicorn.Config(counted, port=0, log_level="error", lifespan="on"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield Server(f"http://127.0.0.1:{port}", key, own_key, app.service, methods)
    running.should_exit = True
    thread.join()


@dataclass
class Shop:
    """A page of the shop, what it asked for, and what it complained of."""

    page: Page
    server: Server
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def asked(self, part: str, method: str = "") -> list[Request]:
        """Return the requests to the API whose address has a part."""
        return [
            one
            for one in self.requests
            if one.url.startswith(self.server.url)
            and part in one.url
            and method in ("", one.method)
        ]

    def events(self) -> list[dict[str, Any]]:
        """Return the events that were sent, in order."""
        bodies = (json.loads(one.post_data or "{}") for one in self.asked("/v1/events", "POST"))
        return [event for body in bodies for event in body["batch"]]

    def shown(self) -> list[str]:
        """Return the titles on the shelf."""
        return self.page.locator("#shelf .card b").all_inner_texts()


Opens = Callable[..., Shop]


@pytest.fixture
def shop(browser: Browser, server: Server) -> Iterator[Opens]:
    """Open the shop in a browser without a past; where time is `stopped` the test moves it."""
    contexts = []

    def opened(
        script: str = "", *, limit: int = 3, body: str = "", style: str = "",
        wait: str = PATIENT, api: Callable[[Route], None] | None = None, stopped: bool = False,
    ) -> Shop:  # fmt: skip
        context = browser.new_context(viewport={"width": 1_000, "height": 700})
        contexts.append(context)
        page = context.new_page()
        if stopped:
            page.clock.install(time=0)
            page.clock.pause_at(1_000)
        made = Shop(page, server)
        page.on("request", lambda request: made.requests.append(request))
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        page.on("console", lambda said: made.complaints.append(said.text))
        source = loader(f"{server.url}/recsys.js")
        html = PAGE.format(
            loader=source,
            key=server.key,
            script=script,
            body=body or SHELF.format(limit=limit, wait=wait),
        )

        def answer(route: Route) -> None:
            if route.request.url.endswith("style.css"):
                route.fulfill(content_type="text/css", body=style)
            else:
                headers = {"Content-Security-Policy": CSP.format(api=server.url)}
                route.fulfill(content_type="text/html", body=html, headers=headers)

        page.route(f"{SHOP}/**", answer)
        if api is not None:
            page.route(f"{server.url}/v1/placements/**", api)
        page.goto(f"{SHOP}/")
        return made

    yield opened
    for context in contexts:
        context.close()
