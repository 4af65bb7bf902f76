"""What others call the kinds of events: Segment's e-commerce names, Gorse's, and plain words.

What comes of messages goes by the names of Segment's e-mail and mobile specs and of those who send
such events, for every channel alike.
"""

from __future__ import annotations

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
    "product clicked": "view",
    "view": "view",
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

_CHANNEL_OF = {"email": "email", "push notification": "push", "push": "push", "sms": "sms"}

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
}

_NAMES = 1_024
"""So many names are kept in mind: a source of events has few, and says them again and again."""


@lru_cache(_NAMES)
def kind_of(name: str) -> str:
    """Return the kind that an event `name` means; the name itself where none is known."""
    return next((KIND_OF[one] for one in _spellings(name) if one in KIND_OF), name)


@lru_cache(_NAMES)
def message_of(name: str) -> tuple[str, str]:
    """Return what an event `name` says of a message, and the channel it says, or empty texts.

    The kind is one of ``MESSAGE_KINDS``. To open a push notification is to tap it. *Sent* is no
    such name: who sends that too would count every message twice.
    """
    if name in MESSAGE_KINDS:
        return name, ""
    return next((_MESSAGES[one] for one in _spellings(name) if one in _MESSAGES), ("", ""))


def is_sending(name: str) -> bool:
    """Return whether an event `name` says that a message left, not that it arrived."""
    return any(one in _SENT for one in _spellings(name))


def _spellings(name: str) -> Iterator[str]:
    """Yield a name in lower case with single spaces, as it is and taken apart."""
    yield " ".join(name.lower().split())
    apart = "".join(f" {c}" if c.isupper() else c for c in name)
    yield " ".join(apart.replace("_", " ").replace("-", " ").lower().split())


_MESSAGES = {
    **{
        f"{medium} {came}": (kind, channel)
        for medium, channel in _CHANNEL_OF.items()
        for came, kind in _CAME.items()
    },
    "unsubscribed": (MESSAGE_UNSUBSCRIBED, ""),
    "push opened": (MESSAGE_RESPONDED, "push"),
    "push notification opened": (MESSAGE_RESPONDED, "push"),
}

_SENT = frozenset(f"{medium} sent" for medium in _CHANNEL_OF)

PURCHASE = "purchase"
RETURN = "return"
VOID = "void"
"""An order, or a line of it, that did not come about: it takes back what was logged of it."""


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
