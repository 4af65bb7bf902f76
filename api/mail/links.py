"""Where links in mails lead: to this service, which notes the click and leads on to the shop.

The shop's address of an item is that of the catalogue, never one that a link brings along: nobody
can make a link of this service that leads elsewhere.
"""

from __future__ import annotations

from urllib.parse import quote, urljoin, urlsplit

from api.mail.mailing import MailItem
from api.messages.placements import PlacedItem

CLICK = "/v1/click"

_KEPT = "%/:=&?~#+!$,;'@()*[]"
"""What an address has besides letters, digits and ``-._``; all else is percent-encoded."""


def mail_item(item: PlacedItem, list_id: str, *, base: str, shop: str, currency: str) -> MailItem:
    """Return an item as a mail shows it.

    Parameters
    ----------
    item : PlacedItem
        As it was answered.
    list_id : str
        The list that it is of.
    base : str
        Where this service is reached, without a slash at the end.
    shop : str
        What relative addresses of the catalogue start from; empty: they lead nowhere.
    currency : str
        Of prices; empty: not said.
    """
    leads = absolute(item.url, shop)
    image = absolute(item.image_url, shop)
    price = "" if item.price is None else f"{item.price:,.2f} {currency}".strip()
    link = f"{base}{CLICK}/{list_id}/{quote(item.item_id, safe='')}"
    return MailItem(
        item.item_id,
        item.title or item.item_id,
        link if leads else "",
        image if image.startswith("https://") else "",
        price,
        item.reasons[0] if item.reasons else "",
    )


def absolute(url: str, shop: str) -> str:
    """Return a web address of the catalogue as a whole one, in ASCII; empty where it is none."""
    try:
        found = urljoin(f"{shop}/", url.strip()) if url and shop else url.strip()
        parts = urlsplit(found)
    except ValueError:
        return ""
    sound = parts.scheme in {"http", "https"} and parts.hostname and found.isprintable()
    return quote(found, safe=_KEPT, errors="replace") if sound else ""
