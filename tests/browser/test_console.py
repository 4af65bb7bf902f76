"""The console in Chromium: for everybody, by keyboard alone, with nothing from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote
from urllib.request import Request, urlopen

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from api.console.access import now
from api.console.pages import churn
from recsys.experiments.experiment import read
from recsys.storage.access import accounts
from recsys.storage.access.accounts import Role
from recsys.storage.access.keys import Key, Right, create
from tests.browser.conftest import Server
from tests.browser.test_script import HOSTILE
from tests.recsys.experiments.cases import stepping
from tests.worlds import END

PASSWORD = "correct horse battery"  # noqa: S105 - a test's
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PAGES = (
    "", "person", "person?id=u03", "person?id=nobody", "item", "item?id=i03", "segments",
    "segments?segment=rfm:loyal&times=2", "ladder", "versions", "versions?version={version}",
    "experiments", "experiments?experiment=down",
    "experiments?tries=items&name=all-or-few&other=popular&kind=purchase&mde=500",
    "experiments?tries=step_down", "churn", "channels", "growth", "data", "placements",
    "placements?placement=default", "operations", "nowhere", "login",
)  # fmt: skip
Scheme = Literal["light", "dark"]
MODES: list[tuple[int, Scheme]] = [(1_280, "light"), (1_280, "dark"), (320, "light"), (320, "dark")]
REPORTS = "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.blockedURI));"
FOCUSED = """() => {
    const e = document.activeElement, box = e.getBoundingClientRect();
    const label = e.labels && e.labels.length ? e.labels[0].innerText : '';
    const seen = box.bottom > 0 && box.top < innerHeight && box.width > 0;
    if (e.getAttribute('role') === 'region' || e === document.body) return ['', true];
    return [(e.getAttribute('aria-label') || label || e.innerText || e.id || '').trim(), seen];
}"""

HIDDEN_FIELDS = """() => {
    const seen = [...document.querySelectorAll('main input, main select, main button')]
        .map(e => [e, e.getBoundingClientRect()]).filter(([, box]) => box.width && box.height);
    const over = ([a, p], [b, q]) => !a.contains(b) && !b.contains(a) && p.left < q.right - 1 &&
        q.left < p.right - 1 && p.top < q.bottom - 1 && q.top < p.bottom - 1;
    const name = e => e.name || e.innerText;
    const wrong = [];
    seen.forEach((one, n) => seen.slice(n + 1).forEach(other => {
        if (over(one, other)) wrong.push(`${name(one[0])} lies over ${name(other[0])}`);
    }));
    const pen = document.createElement('canvas').getContext('2d');
    for (const [e, box] of seen.filter(([e]) => e.tagName === 'SELECT')) {
        const style = getComputedStyle(e);
        pen.font = style.font;
        const text = e.selectedOptions.length ? e.selectedOptions[0].text : '';
        const pads = [style.paddingLeft, style.paddingRight].map(parseFloat);
        const room = box.width - pads[0] - pads[1] - 16;
        if (pen.measureText(text).width > room) wrong.push(`${name(e)} cuts ${text}`);
    }
    return wrong;
}"""


@dataclass
class Visitor:
    """Somebody's browser, what it asked for and what it complained of."""

    page: Page
    url: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.url}/console{'/' if path else ''}{path}")

    def tab_to(self, text: str) -> None:
        """Reach what has a text by the tabulator alone; all on the way can be seen."""
        for _ in range(150):
            self.page.keyboard.press("Tab")
            label, seen = self.page.evaluate(FOCUSED)
            assert seen, f"the focus is hidden on {label!r}"
            if text in label:
                return
        raise AssertionError(f"no way to {text!r} by keyboard")


def entered(browser: Browser, server: Server, width: int, scheme: Scheme) -> Iterator[Visitor]:
    database = server.service.log.database
    if not accounts.there_is_one(database):
        accounts.add(database, "ann", Role.ADMIN, PASSWORD, at=now())
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en-GB"
    )
    context.add_init_script(REPORTS)
    visitor = Visitor(context.new_page(), server.url)
    visitor.page.on("request", lambda one: visitor.asked.append(one.url))
    visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    visitor.page.on(
        "console",
        lambda said: visitor.complaints.append(said.text) if said.type == "error" else None,
    )
    secret = accounts.link(database, "ann", at=now())
    visitor.go(f"enter?secret={secret}")
    visitor.page.get_by_role("button", name="Continue").click()
    visitor.page.wait_for_url("**/console")
    yield visitor
    context.close()


@pytest.fixture
def ann(browser: Browser, server: Server) -> Iterator[Visitor]:
    """An admin who is signed in."""
    yield from entered(browser, server, 1_280, "light")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), MODES)
def test_every_page_is_for_everybody_and_stands_alone(
    browser: Browser, server: Server, width: int, scheme: Scheme
) -> None:
    store = server.service.experiments.store
    store.plan("down", read(stepping()), at=END)
    store.start("down", at=END)
    for visitor in entered(browser, server, width, scheme):
        wrong = {}
        for name in PAGES:
            path = name.format(version=server.service.current.version)
            visitor.go(path)
            found = Axe().run(visitor.page, options=RULES).response["violations"]
            if found:
                wrong[path] = [(one["id"], one["nodes"][0]["html"][:200]) for one in found]
            beyond = visitor.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert beyond <= 0, f"{path} is wider than the window by {beyond}"
        assert wrong == {}
        assert [one for one in visitor.complaints if "404" not in one] == []
        assert {one for one in visitor.asked if not one.startswith(server.url)} == set()


def test_the_pages_read_and_post_without_a_script(browser: Browser, server: Server) -> None:
    accounts.add(server.service.log.database, "ann", Role.ADMIN, PASSWORD, at=now())
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/console/person?id=u03")
    page.fill("[name=name]", "ann")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    expect(page.get_by_role("heading", name="u03")).to_be_visible()
    page.select_option("[name=rung]", "popular")
    page.get_by_role("button", name="Try").click()
    assert "rung=popular" in page.url
    context.close()


@pytest.mark.parametrize(
    "path", ["person?id=u03", "segments", "experiments?tries=items", "placements?placement=default"]
)
def test_no_field_lies_over_another_or_cuts_what_is_chosen(ann: Visitor, path: str) -> None:
    ann.go(path)
    assert ann.page.evaluate(HIDDEN_FIELDS) == []


def test_a_person_is_found_by_keyboard(ann: Visitor) -> None:
    ann.tab_to("Find a person")
    ann.page.keyboard.type("u03")
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("heading", name="u03", exact=True)).to_be_visible()
    ann.tab_to("Rung")
    ann.page.keyboard.press("ArrowDown")
    ann.page.keyboard.press("Tab")
    ann.page.wait_for_url("**rung=popular**")
    label, _ = ann.page.evaluate(FOCUSED)
    assert label == "Moment"


def test_two_versions_are_seen_by_keyboard(ann: Visitor, server: Server) -> None:
    ann.tab_to("Versions")
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("heading", name="All versions")).to_be_visible()
    ann.tab_to(str(server.service.current.version))
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("heading", name="Verdicts")).to_be_visible()


def test_what_a_rung_adds_online_is_one_click_away(ann: Visitor) -> None:
    ann.tab_to("Ladder")
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("heading", name="What each rung adds online")).to_be_visible()


def test_an_audience_is_built_and_exported_by_keyboard(ann: Visitor) -> None:
    ann.go("segments")
    ann.tab_to("at least … times")
    ann.page.keyboard.type("1")
    ann.page.keyboard.press("Tab")
    ann.page.wait_for_selector("#count .tile")
    ann.tab_to("Export as CSV")
    with ann.page.expect_download() as download:
        ann.page.keyboard.press("Enter")
    text = download.value.path().read_text()
    assert text.startswith("user_id,decided_by")
    assert "u00," in text


def send(server: Server, key: str, name: str) -> dict[str, object]:
    event = {"user_id": "u03", "item_id": "i03", "event": name}
    request = Request(  # noqa: S310 - our own server
        f"{server.url}/v1/events",
        json.dumps({"batch": [event]}).encode(),
        {"Content-Type": "application/json", "X-API-Key": key},
    )
    with urlopen(request) as answer:  # noqa: S310
        found: dict[str, object] = json.load(answer)
    return found


def test_an_unknown_name_is_mapped_by_keyboard_and_understood_next_time(
    ann: Visitor, server: Server
) -> None:
    writer = Key("shop", frozenset({Right.WRITE}))
    key = create(server.service.log.database, writer)
    server.service.catch_up()
    assert send(server, key, "Kauf abgeschlossen")["rejected"] == 1
    ann.go("data")
    ann.tab_to("It means")
    ann.page.keyboard.type("bought")
    ann.tab_to("Map to it")
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_text("Every name was understood")).to_be_visible()
    assert send(server, key, "Kauf abgeschlossen")["accepted"] == 1


def test_the_slider_and_its_number_say_the_same(
    ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The small shop is too small to learn churn from.
    monkeypatch.setattr(churn, "_risks", lambda _: np.linspace(0.05, 0.95, 200, dtype=np.float32))
    ann.go("churn")
    ann.page.locator("#slider").focus()
    for _ in range(3):
        ann.page.keyboard.press("ArrowRight")
    ann.page.wait_for_url("**from=**")
    assert ann.page.input_value("#slider") == ann.page.input_value("#from")


def test_hostile_texts_are_inert(ann: Visitor, server: Server) -> None:
    facts = server.service.current.serving.facts
    for row, text in enumerate(HOSTILE):
        facts[row] = (f"i{row:02}", text, text, text, 1.0)
    ann.page.add_init_script("window.alert = () => { window.hit = 1 }")
    for user in ("u03", "u04", "u05", *HOSTILE):
        ann.go(f"person?id={quote(user, safe='')}")
        assert ann.page.evaluate("window.hit") is None
    ann.go("item?id=i03")
    assert ann.page.locator("main script, main [onerror], main [onload]").count() == 0
    assert ann.page.evaluate("window.hit") is None
    assert ann.complaints == []


def test_colours_and_language_are_kept_and_served(ann: Visitor) -> None:
    ann.page.locator(".me summary").click()
    ann.page.get_by_role("button", name="Dark").click()
    assert ann.page.get_attribute("html", "data-theme") == "dark"
    ann.page.locator(".me summary").click()
    ann.page.get_by_role("button", name="Deutsch").click()
    expect(ann.page.get_by_role("heading", name="Übersicht")).to_be_visible()
    assert ann.page.get_attribute("html", "lang") == "de"
    assert ann.page.get_attribute("html", "data-theme") == "dark"
