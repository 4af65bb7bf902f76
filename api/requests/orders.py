"""What is left of an order: its state, its discounts, what was paid back; as files are read.

One request says all of an order, so its lines are at hand; over the rows of a file the same is
done by :mod:`training.importing.canonical` and :mod:`training.importing.less`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from recsys.config import Data
from recsys.data.fields import EVENT, Said
from recsys.data.kinds import PURCHASE, RETURN, VOID
from recsys.data.netting import NEARLY_NOTHING
from recsys.data.order_states import NOT_CANCELLED, is_void
from recsys.data.paid_back import paid_back
from recsys.data.times import shown
from recsys.errors import BadEvent
from recsys.storage.events.event import Event

_CODE = r"[A-Z]{3}"

KINDS = frozenset({PURCHASE, RETURN, VOID})

Line = tuple[Event, Said]
"""What is bought, and what is said of that line alone."""


def settled(order: Said, lines: Sequence[Line], data: Data) -> list[Event]:
    """Return the lines of an order as they count; what cost nothing is left out.

    Parameters
    ----------
    order : Said
        What is said of the whole order.
    lines : sequence of Line
        At least one, of one kind, one of ``KINDS``.
    data : Data
        How the ids of cancelled orders start.

    Raises
    ------
    BadEvent
        It is a test, all of it cost nothing, or an amount is none.
    """
    kind, order_id = lines[0][0].kind, lines[0][0].order_id or ""
    if order_id and is_flag(order.get("test")):
        raise BadEvent("test_order", "the order says that it is a test")
    if kind == PURCHASE and _is_cancelled(order):
        kind = VOID
    prefix = data.cancelled_order_prefix
    if kind == PURCHASE and prefix and order_id.startswith(prefix):
        kind = RETURN
    events = [replace(event, kind=kind) for event, _ in lines]
    each = [said for _, said in lines]
    events = _less_discounts(order, events, each)
    if kind == PURCHASE:
        events = _less_refunds(order, events, each)
    kept = [event for event in events if event.value != 0 or event.kind == VOID]
    if not kept:
        why = "nothing was paid: a gift, a sample or a correction is no order"
        raise BadEvent("zero_price", why)
    return kept


def is_flag(said: object) -> bool:
    """Return whether a yes is said, as JSON or as text."""
    return said is not None and str(said).lower() in {"true", "1"}


def rate(order: Said, rates: Mapping[str, float], own: Callable[[str], str]) -> float:
    """Return what one unit of the currency of an order is worth; 1 where none is said.

    Parameters
    ----------
    order : Said
        What is said of it, or of a line of it.
    rates : mapping of str to float
        By currency; empty: amounts are in one, as `own` says.
    own : callable
        Returns the currency of the store beside one that is said.

    Raises
    ------
    BadEvent
        Nothing says what it is worth.
    """
    said = order.get("currency")
    if said is None:
        return 1.0
    code = str(said).strip().upper()
    if not rates:
        known = own(code) if re.fullmatch(_CODE, code) else code
        if code == known:
            return 1.0
        why = f"amounts here are in {known}, and are not added up"
        way = f"the setting data.rates says what one is worth: {known} = 1.0, {code} = …"
        raise BadEvent("unknown_currency", f"currency is {shown(said)}; {why}; {way}")
    worth = {name.upper(): value for name, value in rates.items()}.get(code)
    if worth is None:
        known = ", ".join(rates)
        reason = f"currency is {shown(said)}; known: {known}, by the setting data.rates"
        raise BadEvent("unknown_currency", reason)
    return worth


def _is_cancelled(order: Said) -> bool:
    state, at = order.get("state"), order.get("cancelled_at")
    if state is not None and is_void(str(state)):
        return True
    return at is not None and str(at).strip().lower() not in NOT_CANCELLED


def _less_discounts(order: Said, events: list[Event], each: Sequence[Said]) -> list[Event]:
    """Take discounts off: of a line off it, of the order, which holds those, in equal shares.

    Only off prices of units: the money of a whole line is what was paid, but for a promotion.
    """
    priced = [said.get("price") is not None for said in each]
    off = [
        _amount(said, "promotion") + (_amount(said, "line_discount") if by_unit else 0.0)
        for said, by_unit in zip(each, priced, strict=True)
    ]
    whole = _amount(order, "discount") if any(priced) else 0.0
    if not whole and not any(off):
        return events
    worth = [event.value for event in events]
    known = [(value, less) for value, less in zip(worth, off, strict=True) if value is not None]
    left = _share(max(0.0, whole - sum(off)), sum(value - less for value, less in known))
    return [
        event if event.value is None else _worth(event, _share(less, event.value) * left)
        for event, less in zip(events, off, strict=True)
    ]


def _less_refunds(order: Said, events: list[Event], each: Sequence[Said]) -> list[Event]:
    """Take what was paid back off: of the order in equal shares, of a line off it."""
    refunds = order.get("refunded")
    back = {"refunded": paid_back(refunds)} if isinstance(refunds, list) else order
    total = sum(event.value for event in events if event.value is not None)
    of_order = _share(_amount(back, "refunded"), total)
    return [_less_refund(*line, of_order) for line in zip(events, each, strict=True)]


def _less_refund(event: Event, said: Said, of_order: float) -> Event:
    units = _share(_amount(said, "units_back"), event.quantity)
    left = min(of_order, _share(_amount(said, "line_refunded"), event.value), units)
    if left >= 1:
        return event
    if left <= NEARLY_NOTHING:
        return replace(_worth(event, left), kind=VOID)
    quantity = event.quantity * units if units > 0 else event.quantity
    return replace(_worth(event, left), quantity=quantity)


def _worth(event: Event, left: float) -> Event:
    return event if event.value is None else replace(event, value=event.value * left)


def _share(off: float, whole: float | None) -> float:
    """Return what share of an amount is left; all of it where there is none."""
    if not off or whole is None:
        return 1.0
    return min(1.0, max(0.0, 1 - off / whole)) if whole else 0.0


def _amount(said: Said, meaning: str) -> float:
    """Return what is said, whatever its sign: shops write what they take off with a minus or not.

    Raises
    ------
    BadEvent
        It is no number.
    """
    given: Any = said.get(meaning)
    if given is None:
        return 0.0
    try:
        found = math.nan if isinstance(given, bool) else abs(float(given))
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        name = EVENT.table[meaning][0]
        raise BadEvent(f"bad_{name}", f"{name} is {shown(given)}; allowed: a number")
    return found
