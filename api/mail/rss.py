"""A list as RSS 2.0, with images in Yahoo's Media RSS, which mail tools read."""

from __future__ import annotations

from email.utils import format_datetime
from xml.etree.ElementTree import Element, SubElement, register_namespace

from api.mail.mailing import Mailing, MailItem, document, printable

MEDIA = "http://search.yahoo.com/mrss/"
register_namespace("media", MEDIA)


def rss(mailing: Mailing) -> bytes:
    """Return the feed; its items are new whenever the list is, and are known by list and item."""
    root = Element("rss", version="2.0")
    channel = SubElement(root, "channel")
    _texts(
        channel,
        title=mailing.name,
        link=mailing.link,
        description=f"Recommendations: {mailing.name}",
        pubDate=format_datetime(mailing.at, usegmt=True),
    )
    for item in mailing.items:
        _add(channel, item, mailing)
    return document(root)


def _add(channel: Element, item: MailItem, mailing: Mailing) -> None:
    entry = SubElement(channel, "item")
    _texts(entry, title=item.title)
    if item.url:
        _texts(entry, link=item.url)
    guid = SubElement(entry, "guid", isPermaLink="false")
    guid.text = printable(f"{mailing.list_id}:{item.item_id}")
    _texts(entry, description=item.price, pubDate=format_datetime(mailing.at, usegmt=True))
    if item.image_url:
        SubElement(entry, f"{{{MEDIA}}}content", url=printable(item.image_url), medium="image")


def _texts(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = printable(text)
