"""What was taken back, taken off what was bought: once, before anything is learnt or answered.

A training run nets what it loads, the API the history and live events of a user, and forecasts of
a file its rows, all through :func:`left`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import NO_EVENTS, Interactions, UserEvents
from recsys.data.kinds import PURCHASE, RETURN, VOID

NO_ORDER = 0

TAKES_BACK = frozenset({RETURN, VOID})

NEARLY_NOTHING = 1e-6
"""Share of a line that rounding may leave: quantities are kept in single precision."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of orders, returns and voided orders, and all else that happened, in order of time.

    Attributes
    ----------
    user_row : int, shape (n,)
        Whose it is.
    order : int64, shape (n,)
        See :func:`order_number`; ``NO_ORDER`` where none is named.
    item_row : int, shape (n,)
        Negative where none is named.
    at : int64, shape (n,)
        Microseconds since the epoch.
    quantity, value : float64, shape (n,)
        Units and money of the whole line.
    kind : int8, shape (n,)
        Index into `kinds`.
    kinds : tuple of str
        What the numbers mean.
    """

    user_row: NDArray[np.integer]
    order: NDArray[np.int64]
    item_row: NDArray[np.integer]
    at: NDArray[np.int64]
    quantity: Floats
    value: Floats
    kind: NDArray[np.int8]
    kinds: tuple[str, ...]

    def of_kind(self, *kinds: str) -> NDArray[np.bool_]:
        """Return which lines are of these kinds, bool, shape (n,)."""
        return np.isin(self.kind, [self.kinds.index(kind) for kind in kinds if kind in self.kinds])


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of each line.

    Attributes
    ----------
    quantity, value : float64, shape (n,)
        Units and money; those of all other kinds are as they were.
    keep : bool, shape (n,)
        False for what nothing is left of: orders taken back and what took them back whole, and
        everything void.
    """

    quantity: Floats
    value: Floats
    keep: NDArray[np.bool_]


def order_number(order_id: str | None) -> int:
    """Return a number that stands for an order id, ``NO_ORDER`` for none; the same in any run."""
    if not order_id:
        return NO_ORDER
    digest = blake2b(order_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True) or 1


def left(lines: Lines, *, within: int) -> Left | None:
    """Return what is left of lines; None where nothing was taken back.

    In order of time, each return takes its units and their share of the money off the lines of the
    order it names, of its own item where it names one; what names no order that there is, off what
    the user bought of the item before. More than is left of its order is not taken off others.
    Without an item it is money: of the order, in equal shares, else off what the user bought
    before. Of several lines the latest of exactly that size is taken, else the latest that is large
    enough, else the latest ones together. What was bought earlier than `within` is taken back by
    its order only. A return that finds nothing stays.

    What is void takes back the order it names, or what was bought at that very instant, and
    never stays.

    Parameters
    ----------
    lines : Lines
        In order of time within a user.
    within : int
        Microseconds.
    """
    back, void = lines.of_kind(*TAKES_BACK), lines.of_kind(VOID)
    takers = np.flatnonzero(back)
    if not len(takers):
        return None
    ledger = _Ledger(lines, _may_go(lines, takers))
    for row in takers[np.argsort(lines.at[takers], kind="stable")].tolist():
        if void[row]:
            ledger.void(row)
        else:
            ledger.give_back(row, within=within)
    concerned = back | lines.of_kind(PURCHASE)
    gone = concerned & (ledger.quantity <= NEARLY_NOTHING * lines.quantity)
    return Left(ledger.quantity, ledger.value, ~(gone | void))


def net(table: Interactions, *, within: int) -> Interactions:
    """Return a table without what was taken back within it; see :func:`left`."""
    found = left(
        Lines(
            table.user_row,
            _orders(table.order, len(table)),
            table.item_row,
            table.at,
            table.quantity.astype(np.float64),
            table.value,
            table.kind,
            table.kinds,
        ),
        within=within,
    )
    if found is None:
        return table
    quantity = found.quantity.astype(np.float32)
    kept = replace(table, quantity=quantity, value=found.value).where(found.keep)
    # as if what is gone had never been there
    late = kept.known_at is not None and bool((kept.known_at > kept.at).any())
    named = kept.order is not None and bool(kept.order.any())
    return replace(
        kept, known_at=kept.known_at if late else None, order=kept.order if named else None
    )


def net_of_user(
    past: UserEvents,
    live: UserEvents,
    kinds: tuple[str, ...],
    *,
    orders: tuple[NDArray[np.int64], NDArray[np.int64]],
    within: int,
) -> tuple[UserEvents, UserEvents, UserEvents]:
    """Return one user's past and live events without what was taken back, and what did it.

    The third value are the returns that are gone from `live`, for items that came back rest.

    Parameters
    ----------
    past, live : UserEvents
        Of the same kinds; `past` is netted already.
    kinds : tuple of str
        What the kind numbers mean.
    orders : two of int64, shape (n,)
        The order of each past and each live event.
    within : int
        Microseconds.
    """
    both = [np.concatenate(pair) for pair in zip(_columns(past), _columns(live), strict=True)]
    item_row, kind, at, quantity, value = both
    lines = Lines(
        np.zeros(len(at), np.int32),
        np.concatenate(orders),
        item_row,
        at,
        quantity.astype(np.float64),
        value,
        kind,
        kinds,
    )
    found = left(lines, within=within)
    if found is None:
        return past, live, NO_EVENTS
    netted = UserEvents(item_row, kind, at, found.quantity.astype(np.float32), found.value)
    old, new = slice(len(past)), slice(len(past), None)
    given_back = lines.of_kind(RETURN) & ~found.keep
    return (
        _part(netted, found.keep, old),
        _part(netted, found.keep, new),
        _part(UserEvents(*both), given_back, new),
    )


class _Ledger:
    """What is left of every line so far, and the purchases by what may name them."""

    def __init__(self, lines: Lines, bought: Sequence[int]) -> None:
        self.lines = lines
        self.quantity = lines.quantity.copy()
        self.value = lines.value.copy()
        self._of_order: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._of_item: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._of_user: dict[int, list[int]] = defaultdict(list)
        owners, orders, items = lines.user_row, lines.order, lines.item_row
        for row in bought:
            owner, order, item = int(owners[row]), int(orders[row]), int(items[row])
            self._of_user[owner].append(row)
            self._of_item[owner, item].append(row)
            if order != NO_ORDER:
                self._of_order[owner, order].append(row)

    def void(self, row: int) -> None:
        """Take back the order that a void line names."""
        owner, item = int(self.lines.user_row[row]), int(self.lines.item_row[row])
        if self.lines.order[row] == NO_ORDER:
            now = self._of_item.get((owner, item), ())
            self._units(row, [one for one in now if self.lines.at[one] == self.lines.at[row]])
        elif item >= 0:
            ordered = self._ordered(row)
            # Shops write a cancelled line with no unit left.
            (self._units(row, ordered) if self.quantity[row] > 0 else self._all(ordered))
        else:
            self._all(self._ordered(row))

    def give_back(self, row: int, *, within: int) -> None:
        """Take a return off what it names, else off what was bought before."""
        ordered, item = self._ordered(row), int(self.lines.item_row[row])
        owner = int(self.lines.user_row[row])
        if item >= 0 and ordered:
            # Told twice, or void as well: it says nothing of other orders.
            self._units(row, ordered)
            self.quantity[row] = self.value[row] = 0.0
        elif item >= 0:
            self._units(row, self._before(row, self._of_item.get((owner, item), ()), within))
        elif ordered:
            self._money_of_order(row, ordered)
        else:
            self._money(row, self._before(row, self._of_user.get(owner, ()), within))

    def _ordered(self, row: int) -> list[int]:
        lines = self.lines
        order, item = int(lines.order[row]), int(lines.item_row[row])
        if order == NO_ORDER:
            return []
        of_order = self._of_order.get((int(lines.user_row[row]), order), ())
        return [one for one in of_order if item < 0 or lines.item_row[one] == item]

    def _before(self, row: int, bought: Iterable[int], within: int) -> list[int]:
        at = self.lines.at
        return [one for one in bought if at[row] - within <= at[one] <= at[row]]

    def _units(self, row: int, bought: Sequence[int]) -> None:
        for one in _named(self.quantity, self.quantity[row], bought):
            units = min(self.quantity[one], self.quantity[row])
            for line in (one, row):
                share = units / self.quantity[line]
                self.value[line] *= 1 - share
                self.quantity[line] = _rest(self.quantity[line], units)
            if not self.quantity[row] > 0:
                return

    def _money(self, row: int, bought: Sequence[int]) -> None:
        for one in _named(self.value, self.value[row], bought):
            money = min(self.value[one], self.value[row])
            for line in (one, row):
                self.value[line] = _rest(self.value[line], money)
                if not self.value[line] > 0:
                    self.quantity[line] = 0.0
            if not self.value[row] > 0:
                return

    def _money_of_order(self, row: int, ordered: Sequence[int]) -> None:
        total = float(self.value[ordered].sum())
        share = 1 - self.value[row] / total if 0 < self.value[row] < total else 0.0
        if share <= NEARLY_NOTHING:
            self._all(ordered)
        self.value[ordered] *= share
        self.quantity[row] = self.value[row] = 0.0

    def _all(self, ordered: Sequence[int]) -> None:
        self.quantity[ordered] = self.value[ordered] = 0.0


def _named(sizes: Floats, size: float, bought: Sequence[int]) -> list[int]:
    """Return the lines that something of this size is taken off, the first one first."""
    some = [one for one in reversed(bought) if sizes[one] > 0]
    if not size > 0 or not some:
        return []
    exact = [one for one in some if abs(sizes[one] - size) <= NEARLY_NOTHING * size]
    large = [one for one in some if sizes[one] > size]
    return (exact or large)[:1] or some


def _rest(size: float, less: float) -> float:
    rest = size - less
    return rest if rest > NEARLY_NOTHING * size else 0.0


def _may_go(lines: Lines, takers: NDArray[np.intp]) -> list[int]:
    """Return the purchases that some of the takers may take something off.

    Those of the same user and item; where a taker names no item, all of its user.
    """
    bought = np.flatnonzero(lines.of_kind(PURCHASE))
    width = int(lines.item_row.max()) + 1
    cell = lines.user_row.astype(np.int64) * width + lines.item_row
    of_any = takers[lines.item_row[takers] < 0]
    found = np.isin(cell[bought], cell[takers[lines.item_row[takers] >= 0]])
    if len(of_any):
        found |= np.isin(lines.user_row[bought], lines.user_row[of_any])
    rows: list[int] = bought[found].tolist()
    return rows


def _orders(order: NDArray[np.int64] | None, n: int) -> NDArray[np.int64]:
    return np.full(n, NO_ORDER, np.int64) if order is None else order


def _columns(events: UserEvents) -> tuple[NDArray[np.generic], ...]:
    return events.item_row, events.kind, events.at, events.quantity, events.value


def _part(events: UserEvents, keep: NDArray[np.bool_], part: slice) -> UserEvents:
    own = keep[part]
    columns = (column[part][own] for column in _columns(events))
    return UserEvents(*columns)  # type: ignore[arg-type]
