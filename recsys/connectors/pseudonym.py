"""An address as an id: nobody who reads the store can tell whose it is, or try addresses out."""

from __future__ import annotations

import hmac
import unicodedata
from hashlib import sha256

PREFIX = "email_"
_DIGITS = 40


def pseudonym(address: str, key: str) -> str:
    """Return the id that stands for an address: HMAC-SHA256 by the shop's key, 160 bits of it.

    Blanks around it, case and how Unicode composes it do not count; dots and what follows a plus
    do, because not every provider ignores them.

    Parameters
    ----------
    address : str
        As a tool has it.
    key : str
        Of the shop; the same address has another id under another key.

    Examples
    --------
    >>> pseudonym(" Ann@Shop.example", "k") == pseudonym("ann@shop.example", "k")
    True
    """
    plain = unicodedata.normalize("NFC", address.strip()).lower()
    said = plain.encode("utf-8", "surrogatepass")
    return PREFIX + hmac.digest(key.encode(), said, sha256).hex()[:_DIGITS]
