"""recsys.js asks and tells as the vectors say, by which the Python client is tested as well."""

from __future__ import annotations

import json
import time
from html import escape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import Route

from tests.browser.conftest import PATIENT, SHOP, Opens, Shop
from tests.vectors import VECTORS, said

AGREE = 'recsys.consent(["profiling"]);'
TEMPLATE = '<template><a class="card"><b data-field="title"></b></a></template>'


def identified(user: str, proof: str = "") -> str:
    return f"{AGREE}recsys.identify({json.dumps(user)}, {{}}, {json.dumps(proof)});"


@pytest.mark.parametrize("vector", VECTORS["lists"], ids=lambda one: one["placement"])
def test_a_list_is_asked_for_as_the_vector_says(shop: Opens, vector: dict[str, Any]) -> None:
    wanted = vector["wanted"]
    data = {"limit": wanted.get("limit"), "item": ",".join(wanted.get("item", ())),
            "segment": wanted.get("segment")}  # fmt: skip
    said = " ".join(f'data-recsys-{name}="{escape(str(v))}"' for name, v in data.items() if v)
    body = f'<div data-recsys-placement="{vector["placement"]}" {said} {PATIENT}>{TEMPLATE}</div>'
    opened = shop(identified(vector["user"], vector["hash"]), body=body)
    asked = until(opened, "/items")
    found = urlsplit(asked)
    query = {name: value for name, (value,) in parse_qs(found.query).items()}
    assert query.pop("key") == opened.server.key
    assert (unquote(found.path), query) == (vector["path"], vector["query"])


def until(shop: Shop, part: str) -> str:
    """Wait for a request, and return its address."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not shop.asked(part):
        shop.page.wait_for_timeout(20)
    return shop.asked(part)[0].url


def test_events_are_told_as_the_vectors_say(shop: Opens) -> None:
    opened = shop(AGREE)
    for vector in VECTORS["events"]:
        user, call, about = vector["user"], vector["call"], vector["about"]
        first = "" if call == "identify" else f"recsys.identify({json.dumps(user)}, {{}});"
        given = [user, *about] if call == "identify" else about
        opened.page.evaluate(f"{first}recsys.{call}(...{json.dumps(given)})")
    opened.page.wait_for_timeout(2_500)
    told = [said(event) for event in opened.events()]
    assert [one["event"] for one in VECTORS["events"] if one["event"] not in told] == []


def test_a_click_is_told_as_the_vector_says(shop: Opens) -> None:
    seen = VECTORS["seen"]

    def answer(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": SHOP}
        body = json.dumps(seen["list"])
        route.fulfill(content_type="application/json", body=body, headers=headers)

    opened = shop(AGREE, api=answer)
    opened.page.locator("#shelf .card").nth(1).click()
    opened.page.wait_for_timeout(500)
    clicks = [event for event in opened.events() if event["event"] == "click"]
    assert [said(event) for event in clicks] == [seen["event"]]


@pytest.mark.parametrize("vector", list(VECTORS["outcomes"]), ids=lambda one: one["fallback"])
def test_a_page_says_why_it_shows_its_own_list(shop: Opens, vector: dict[str, Any]) -> None:
    def answer(route: Route) -> None:
        time.sleep(vector["seconds"])
        route.fulfill(
            status=vector["status"],
            body=vector["body"],
            content_type="application/json",
            headers={"Access-Control-Allow-Origin": SHOP},
        )

    note = "addEventListener('recsys:fallback', e => { window.why = e.detail.reason });"
    patient = 'data-recsys-wait="1000"'
    opened = shop(f"{note}{AGREE}", api=answer, wait=patient)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not opened.page.evaluate("window.why"):
        opened.page.wait_for_timeout(50)
    assert opened.page.evaluate("window.why") == vector["fallback"]


@pytest.mark.parametrize("vector", VECTORS["batches"], ids=lambda one: str(len(one["bytes"])))
def test_events_go_in_the_batches_of_the_vector(shop: Opens, vector: dict[str, Any]) -> None:
    opened = shop(AGREE)
    letter = vector["letter"]
    padded = [size // len(letter.encode()) for size in vector["bytes"]]
    track = f"n => recsys.track('padded', {{of: {json.dumps(letter)}.repeat(n)}})"
    opened.page.evaluate(f"{json.dumps(padded)}.forEach({track})")
    opened.page.evaluate("dispatchEvent(new Event('pagehide'))")
    opened.page.wait_for_timeout(500)
    bodies = [json.loads(one.post_data or "{}") for one in opened.asked("/v1/events", "POST")]
    assert [len(body["batch"]) for body in bodies] == vector["events"]
