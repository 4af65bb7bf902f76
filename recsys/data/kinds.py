"""What others call the kinds of events: Segment's e-commerce names, Gorse's, and plain words.

What comes of messages goes by the names of Segment's e-mail and mobile specs and of those who send
such events, for every channel alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

MESSAGE_SENT = "message_sent"

MESSAGE_OPENED = "message_opened"

MESSAGE_RESPONDED = "message_responded"

MESSAGE_UNSUBSCRIBED = "message_unsubscribed"

MESSAGE_FAILED = "message_failed"

MESSAGE_KINDS = (
    MESSAGE_SENT,
    MESSAGE_RESPONDED,
    MESSAGE_UNSUBSCRIBED,
    MESSAGE_OPENED,
    MESSAGE_FAILED,
)

KIND_OF: Mapping[str, str] = {
    "product viewed": "view",
    "viewed product": "view",
    "view item": "view",
    "select item": "view",
    "add to wishlist": "cart",
    "added to cart": "cart",
    "addtocart": "cart",
    "transaction": "purchase",
    "placed order": "purchase",
    "ordered product": "purchase",
    "removefromcart": "remove",
    "refunded order": "return",
    "product clicked": "view",
    "view": "view",
    "views": "view",
    "pv": "view",
    "clicks": "view",
    "fav": "cart",
    "favorite": "cart",
    "favourite": "cart",
    "wishlist": "cart",
    "carts": "cart",
    "orders": "purchase",
    "purchases": "purchase",
    "read": "view",
    "click": "view",
    "product added": "cart",
    "product added to wishlist": "cart",
    "add to cart": "cart",
    "cart": "cart",
    "order completed": "purchase",
    "purchase": "purchase",
    "buy": "purchase",
    "order": "purchase",
    "sale": "purchase",
    "payment": "purchase",
    "product removed": "remove",
    "remove from cart": "remove",
    "remove": "remove",
    "product dismissed": "dismiss",
    "not interested": "dismiss",
    "dislike": "dismiss",
    "dismiss": "dismiss",
    "order refunded": "return",
    "refund": "return",
    "return": "return",
    "order cancelled": "void",
    "order canceled": "void",
    "void": "void",
}
"""Kinds by name in lower case, ``_`` and ``-`` read as a space, CamelCase taken apart."""

_CHANNEL_OF = {
    **{name: name for name in ("email", "push", "sms", "whatsapp")},
    **dict.fromkeys(("push notification", "web push", "mobile push"), "push"),
    **dict.fromkeys(("in app message", "in-app message"), "in_app"),
}

_CAME = {
    "delivered": MESSAGE_SENT,
    "received": MESSAGE_SENT,
    "opened": MESSAGE_OPENED,
    "link clicked": MESSAGE_RESPONDED,
    "clicked": MESSAGE_RESPONDED,
    "tapped": MESSAGE_RESPONDED,
    "marked as spam": MESSAGE_UNSUBSCRIBED,
    "unsubscribed": MESSAGE_UNSUBSCRIBED,
    "bounced": MESSAGE_FAILED,
    "undelivered": MESSAGE_FAILED,
    "failed": MESSAGE_FAILED,
    "delivery failed": MESSAGE_FAILED,
    "soft bounced": MESSAGE_FAILED,
    "hard bounced": MESSAGE_FAILED,
    "dropped": MESSAGE_FAILED,
    "rejected": MESSAGE_FAILED,
    "short link clicked": MESSAGE_RESPONDED,
    "short link clicks": MESSAGE_RESPONDED,
}

PAGES = frozenset({"page", "screen"})
"""Calls of Segment that look at something: at an item where one is named."""

UNUSED = frozenset(
    {
        "checkout started",
        "begin checkout",
        "started checkout",
        "checkout step viewed",
        "checkout step completed",
        "payment info entered",
        "add payment info",
        "add shipping info",
        "order updated",
        "cart viewed",
        "view cart",
        "view item list",
        "view promotion",
        "select promotion",
        "view search results",
        "search",
        "session start",
        "first visit",
        "first open",
        "page view",
        "user engagement",
        "scroll",
        "products searched",
        "product list viewed",
        "identify",
        "alias",
        "group",
        "active on site",
        "subscribed to email marketing",
        "subscribed to sms marketing",
        "subscription group state changed",
        "campaign control group entered",
        *(f"{medium} deferred" for medium in _CHANNEL_OF),
        *PAGES,
    }
)
"""Names of what is understood, but no model uses."""

_MACHINES = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|headless|phantomjs|selenium|puppeteer|playwright|lighthouse"
    r"|preview|facebookexternalhit|whatsapp/|pingdom|uptimerobot|statuscake|curl/|wget/|python-requests"
    r"|python-urllib|httpclient|okhttp/0|go-http-client|libwww|scrapy|googleimageproxy",
    re.IGNORECASE,
)

_NAMES = 1_024
"""So many names are kept in mind: a source of events has few, and says them again and again."""


@lru_cache(_NAMES)
def kind_of(name: str) -> str:
    """Return the kind that an event `name` means; the name itself where none is known."""
    return next((KIND_OF[one] for one in _spellings(name) if one in KIND_OF), name)


@lru_cache(_NAMES)
def meant(
    name: str, call: str, kinds: tuple[str, ...], *, has_item: bool, channel: str = ""
) -> str | None:
    """Return the kind of an event; empty where it is understood but unused, None where it is not.

    Parameters
    ----------
    name : str
        What the event is called; empty where only its call says what it is.
    call : str
        Its Segment type: looking at a page or a screen is never more than a view.
    kinds : tuple of str
        The configured kinds; their own names win, in any case.
    has_item : bool
        Whether an item is named.
    channel : str
        Through which a message went, where it is one: then bare names as *open* are of it.
    """
    name = call if call.lower() in PAGES or not name else name
    if name.lower() in PAGES and has_item:
        name = "view"
    own = next((kind for kind in kinds if kind.lower() == name.lower()), None)
    if own is not None:
        return own
    if message := message_of(name)[0]:
        return message
    if channel and not has_item and (bare := _of_message(name, channel)) is not None:
        return bare
    if (kind := kind_of(name)) in kinds:
        return kind
    return "" if any(one in UNUSED for one in _spellings(name)) else None


@lru_cache(_NAMES)
def message_of(name: str) -> tuple[str, str]:
    """Return what an event `name` says of a message, and the channel it says, or empty texts.

    The kind is one of ``MESSAGE_KINDS``. To open a push notification is to tap it. *Sent* is no
    such name: who sends that too would count every message twice.
    """
    if name in MESSAGE_KINDS:
        return name, ""
    return next((MESSAGES[one] for one in _spellings(name) if one in MESSAGES), ("", ""))


def _of_message(name: str, channel: str) -> str | None:
    """Return what a bare name says of a message, as :func:`meant` does."""
    found = next((OF_MESSAGES[one] for one in _spellings(name) if one in OF_MESSAGES), None)
    return MESSAGE_RESPONDED if found == MESSAGE_OPENED and channel == "push" else found


def is_sending(name: str) -> bool:
    """Return whether an event `name` says that a message left, not that it arrived."""
    return any(one in _SENT for one in _spellings(name))


def _spellings(name: str) -> Iterator[str]:
    """Yield a name in lower case with single spaces, as it is and taken apart."""
    yield " ".join(name.lower().split())
    apart = "".join(f" {c}" if c.isupper() else c for c in name)
    yield " ".join(apart.replace("_", " ").replace("-", " ").lower().split())


MESSAGES = {
    **{
        f"{medium} {came}": (kind, channel)
        for medium, channel in _CHANNEL_OF.items()
        for came, kind in _CAME.items()
    },
    "unsubscribed": (MESSAGE_UNSUBSCRIBED, ""),
    "push opened": (MESSAGE_RESPONDED, "push"),
    "push notification opened": (MESSAGE_RESPONDED, "push"),
    "web push opened": (MESSAGE_RESPONDED, "push"),
    "mobile push opened": (MESSAGE_RESPONDED, "push"),
    "in app message viewed": (MESSAGE_OPENED, "in_app"),
    "in-app message viewed": (MESSAGE_OPENED, "in_app"),
    **{
        f"{verb} {medium}": (kind, medium)
        for medium in ("email", "sms", "push")
        for verb, kind in (
            ("received", MESSAGE_SENT),
            ("opened", MESSAGE_RESPONDED if medium == "push" else MESSAGE_OPENED),
            ("clicked", MESSAGE_RESPONDED),
            ("bounced", MESSAGE_FAILED),
            ("dropped", MESSAGE_FAILED),
            ("failed to deliver", MESSAGE_FAILED),
        )
    },
    "marked email as spam": (MESSAGE_UNSUBSCRIBED, "email"),
    "unsubscribed from email marketing": (MESSAGE_UNSUBSCRIBED, "email"),
    "unsubscribed from sms marketing": (MESSAGE_UNSUBSCRIBED, "sms"),
}

OF_MESSAGES = {
    **_CAME,
    **dict.fromkeys(("delivery", "delivered to inbox"), MESSAGE_SENT),
    **dict.fromkeys(("open", "read", "viewed"), MESSAGE_OPENED),
    **dict.fromkeys(("click", "tap", "replied"), MESSAGE_RESPONDED),
    **dict.fromkeys(
        ("unsubscribe", "unsub", "group unsubscribe", "optout", "opt out", "opted out",
         "spamreport", "spam report", "spam complaint", "spam", "spammed", "complaint",
         "complained", "abuse", "abuse report"),
        MESSAGE_UNSUBSCRIBED,
    ),
    **dict.fromkeys(
        ("bounce", "hardbounce", "hard bounce", "hard bounced", "softbounce", "soft bounce",
         "soft bounced", "dropped", "drop", "rejected", "reject", "blocked", "invalid"),
        MESSAGE_FAILED,
    ),
    **dict.fromkeys(("processed", "deferred", "delayed", "queued", "accepted", "converted"), ""),
}  # fmt: skip
"""Bare names that mail tools give what comes of a message; empty for what no model uses."""

_SENT = frozenset(("sent", "send", *(f"{medium} sent" for medium in _CHANNEL_OF)))

PURCHASE = "purchase"
RETURN = "return"
VOID = "void"
"""An order, or a line of it, that did not come about: it takes back what was logged of it."""

RETURN_DAYS = 180.0
"""Within which a return that names no order is looked for what it takes back, if nothing is said.

On Online Retail, which names none, 30 days find two thirds of them, 180 days 82 %, a year 84 %.
"""


@lru_cache(_NAMES)
def is_machine_agent(agent: str) -> bool:
    """Return whether a user agent names a crawler, a test or a proxy that fetches by itself."""
    return _MACHINES.search(agent) is not None


@dataclass(frozen=True, slots=True)
class Reading:
    """How events are read.

    Attributes
    ----------
    kinds : tuple of str
        What the kind numbers mean.
    critical_kind : str
        The kind whose absence is churn.
    """

    kinds: tuple[str, ...]
    critical_kind: str

    def number(self, kind: str) -> int:
        """Return the number of `kind`, -1 when these events have none of it."""
        return self.kinds.index(kind) if kind in self.kinds else -1

    @property
    def critical(self) -> int:
        """The number of the critical kind."""
        return self.number(self.critical_kind)
