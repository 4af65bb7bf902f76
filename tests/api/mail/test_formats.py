"""Lists as mail tools take them: whole, escaped, and readable by strict parsers."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mail.block import MOST_BYTES, block
from api.mail.mailing import Mailing, MailItem, flat, printable, xml
from api.mail.rss import MEDIA, rss

AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
TEA = MailItem("tea", "Tea & <b>Co</b>", "https://r.example/c/1", "https://s.example/t.png", "€ 2")
POT = MailItem("pot", "Pot", "", "", "")
HOSTILE = (
    "</title><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    '" onerror="alert(1)',
    "' onmouseover='alert(1)",
    "<img src=x onerror=alert(1)>",
    "&lt;script&gt;",
    "\x00\x1b\ud800",
)


def mailing(*items: MailItem) -> Mailing:
    return Mailing("l1", "home", "https://s.example/", "popular", AT, items, {"segment": ""})


def parsed(document: bytes) -> Element:
    return fromstring(document)  # noqa: S314 - our own


def test_flat_fields_are_texts_and_empty_where_nothing_is_known() -> None:
    assert flat(mailing(TEA, POT)) == {
        "rec_1_id": "tea",
        "rec_1_title": "Tea & <b>Co</b>",
        "rec_1_url": "https://r.example/c/1",
        "rec_1_image": "https://s.example/t.png",
        "rec_1_price": "€ 2",
        "rec_1_reason": "",
        "rec_2_id": "pot",
        "rec_2_title": "Pot",
        "rec_2_url": "",
        "rec_2_image": "",
        "rec_2_price": "",
        "rec_2_reason": "",
        "rec_count": "2",
        "rec_id": "l1",
        "rec_rung": "popular",
        "segment": "",
    }


def test_the_xml_has_the_same_fields() -> None:
    found = {one.tag: one.text or "" for one in parsed(xml(mailing(TEA, POT)))}
    assert found == flat(mailing(TEA, POT))


def test_the_feed_has_what_rss_asks_for() -> None:
    channel = parsed(rss(mailing(TEA, POT))).find("channel")
    assert channel is not None
    assert all(channel.findtext(name) for name in ("title", "link", "description"))
    first, second = channel.findall("item")
    guid = first.find("guid")
    assert guid is not None
    assert (guid.text, guid.get("isPermaLink")) == ("l1:tea", "false")
    assert parsedate_to_datetime(first.findtext("pubDate") or "") == AT
    assert first.findtext("title") == "Tea & <b>Co</b>"
    image = first.find(f"{{{MEDIA}}}content")
    assert image is not None
    assert image.get("url") == TEA.image_url
    assert (second.find("link"), second.find(f"{{{MEDIA}}}content")) == (None, None)


class Tags(HTMLParser):
    """What a block is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def tags(html: str) -> Tags:
    found = Tags()
    found.feed(html)
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_titles_are_inert_in_every_format(text: str) -> None:
    item = MailItem("x", text, "https://r.example/c/1", "https://s.example/t.png", text)
    found = tags(block(mailing(item)))
    assert {tag for tag, _ in found.tags} == {
        "table", "tr", "td", "a", "img", "br", "span", "strong",
    }  # fmt: skip
    allowed = {"src", "alt", "width", "border", "style", "href", "valign", "role", "cellpadding",
               "cellspacing"}  # fmt: skip
    assert {name for _, attributes in found.tags for name in attributes} <= allowed
    assert printable(text) in found.words
    for document in (xml(mailing(item)), rss(mailing(item))):
        assert b"<script" not in document
        parsed(document)


def test_an_image_has_a_width_and_its_title_for_when_it_is_not_shown() -> None:
    (image,) = [attributes for tag, attributes in tags(block(mailing(TEA))).tags if tag == "img"]
    assert (image["alt"], image["width"]) == (TEA.title, "260")


def test_a_block_without_items_is_empty_and_an_item_without_a_link_has_none() -> None:
    assert block(mailing()) == ""
    assert "<a " not in block(mailing(POT))


@given(st.lists(st.text(max_size=400), max_size=200))
def test_a_block_is_never_too_long_for_a_mail(titles: list[str]) -> None:
    items = [MailItem("x", title, "https://r.example/" + "c" * 80, "", "") for title in titles]
    html = block(mailing(*items))
    assert len(html.encode()) <= MOST_BYTES
    assert html.count("<tr>") == html.count("</tr>")
