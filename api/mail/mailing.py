"""A list on its way into a mail, and its flat fields: one name a value, empty text for nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class MailItem:
    """One item, every value as text; empty where it is not known.

    Attributes
    ----------
    item_id, title : str
        What it is, and what it is called: by its id where it has no title.
    url : str
        Where a click goes; absolute, or empty.
    image_url : str
        https, or empty: mail programs show nothing else.
    price : str
        As it is printed.
    reason : str
        Why it is in the list, in the reader's language; empty where nothing is said.
    """

    item_id: str
    title: str
    url: str
    image_url: str
    price: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mailing:
    """A list for a mail.

    Attributes
    ----------
    list_id : str
        Its ``recommendation_id``.
    name : str
        Of the placement.
    link : str
        Where the list as a whole leads; absolute, or empty.
    rung : str
        Where it came from; empty where every rung failed.
    at : datetime
        When it was made.
    items : tuple of MailItem
        In their order.
    facts : mapping of str to str
        What else is said of the user, by name.
    """

    list_id: str
    name: str
    link: str
    rung: str
    at: datetime
    items: tuple[MailItem, ...]
    facts: Mapping[str, str]


def flat(mailing: Mailing) -> dict[str, str]:
    """Return the fields of a list by name: ``rec_1_id, rec_1_title… rec_id, rec_rung``."""
    fields = {}
    for rank, item in enumerate(mailing.items, start=1):
        for name, value in (
            ("id", item.item_id),
            ("title", item.title),
            ("url", item.url),
            ("image", item.image_url),
            ("price", item.price),
            ("reason", item.reason),
        ):
            fields[f"rec_{rank}_{name}"] = value
    return {
        **fields,
        "rec_count": str(len(mailing.items)),
        "rec_id": mailing.list_id,
        "rec_rung": mailing.rung,
        **mailing.facts,
    }


def xml(mailing: Mailing) -> bytes:
    """Return the flat fields as XML: an element each, in one that holds all."""
    root = Element("recommendations")
    for name, value in flat(mailing).items():
        SubElement(root, name).text = printable(value)
    return document(root)


def document(root: Element) -> bytes:
    """Return an XML document in UTF-8."""
    body: bytes = tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body


def printable(text: str) -> str:
    """Return a text with a mark in the place of each character that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
