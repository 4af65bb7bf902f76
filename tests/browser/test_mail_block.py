"""The block of a mail as Chromium draws it; `MAIL_PICTURE=FILE.png` keeps the picture."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Route

from api.mail.block import block
from api.mail.mailing import Mailing, MailItem

TITLES = (
    "REGENCY CAKESTAND 3 TIER",
    "Tea & <b>Co</b>",
    "Donaudampfschifffahrtsgesellschaft",
    "Thé",
)
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 260 200">
<rect width="260" height="200" fill="#c9d8f2"/>
<circle cx="130" cy="100" r="60" fill="#f6e3c8"/></svg>"""


def mailing() -> Mailing:
    items = tuple(
        MailItem(
            f"i{number}",
            title,
            f"https://r.example/c/{number}",
            f"https://s.example/{number}",
            "€ 2",
        )
        for number, title in enumerate(TITLES)
    )
    return Mailing("l1", "home", "", "popular", datetime(2026, 3, 1, tzinfo=UTC), items, {})


@pytest.mark.parametrize("images", [True, False])
def test_the_block_is_whole_with_and_without_images(browser: Browser, images: bool) -> None:
    page = browser.new_page(viewport={"width": 600, "height": 800})

    def answer(route: Route) -> None:
        if images:
            route.fulfill(content_type="image/svg+xml", body=PICTURE)
        else:
            route.abort()

    page.route("https://s.example/**", answer)
    page.set_content(f"<body style='margin:20px'>{block(mailing())}</body>", wait_until="load")
    if images:
        page.screenshot(path=os.environ.get("MAIL_PICTURE"), full_page=True)
    cells = page.locator("td")
    assert cells.count() == len(TITLES)
    for place, title in enumerate(TITLES):
        assert title in cells.nth(place).inner_text()
        alt = cells.nth(place).locator("img").get_attribute("alt")
        assert alt == title
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.close()
