"""Which names of the state of an order say that it did not come about."""

from __future__ import annotations

import re

_VOID = frozenset(
    {
        "cancelled",
        "canceled",
        "cancellation",
        "cancelled by customer",
        "declined",
        "denied",
        "expired",
        "failed",
        "fraud",
        "payment failed",
        "refunded",
        "fully refunded",
        "rejected",
        "returned",
        "reversed",
        "chargeback",
        "charged back",
        "trash",
        "void",
        "voided",
    }
)


def is_void(state: str) -> bool:
    """Return whether an order in this state is none, for example ``wc-cancelled``.

    Names are read in any case, ``_`` and ``-`` as blanks, WooCommerce's without ``wc``. An order
    that is refunded in part still is one.
    """
    plain = " ".join(re.sub(r"[\s_-]+", " ", state.lower()).split())
    return plain.removeprefix("wc ") in _VOID
