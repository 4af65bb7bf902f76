"""From the event log to what a training run works on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.channel.messages import Messages
from recsys.config import Config
from recsys.data import netting
from recsys.data.catalogue import Catalogue
from recsys.data.ids import NO_ITEM, IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.kinds import MESSAGE_KINDS, MESSAGE_UNSUBSCRIBED
from recsys.data.signals import Signals
from recsys.data.surfaces import UNSAID, Occasions, of_properties
from recsys.data.times import DAY
from recsys.errors import NothingToLearnFrom
from recsys.storage.decisions.log import DecisionLog
from recsys.storage.events.event import LIVE
from recsys.storage.events.lake import Lake
from recsys.storage.events.log import EventLog
from recsys.storage.models.belonging import store_id
from recsys.storage.users import statements
from recsys.storage.users.aliases import everybody, former_ids
from recsys.storage.users.profiles import Profiles, catalogue
from training.channel.decision_messages import as_one_person, with_decisions
from training.channel.messages import messages_from_log
from training.data import TrainingData
from training.randomised_log import Drawn, Happenings, Randomised, drawn, followed
from training.signals import signals_of

_INTERACTION = ("user_id", "item_id", "kind", "at", "quantity", "value", "order_id", "known_at")

_COLUMNS = (*_INTERACTION[:-1], "source", "ingested_at", "properties")

_MESSAGE = ("event_id", "user_id", "kind", "at", "channel", "ref", "pscore", "simulated")


def load(log: EventLog, config: Config, *, up_to: int | None = None) -> TrainingData:
    """Load everything that arrived up to a watermark.

    The result depends on what is in the log, not on the order in which it arrived: events of a
    user at the same instant are ordered by item, kind and amount. Orders that were taken back are
    left out, and so is whoever did nothing else (:func:`recsys.data.netting.left`).

    Parameters
    ----------
    log : EventLog
        Interactions and messages, and the profiles next to them.
    config : Config
        Kinds, channels, the trait, and what must never be recommended.
    up_to : int or None
        The last ``seq`` to read; None takes all there is.

    Raises
    ------
    NothingToLearnFrom
        The log holds no interaction of a configured kind.
    BadValue, MissingColumn, UnreadableFile
        Files of ``data.lake`` cannot be read.
    StoreUnavailable
        The log cannot be read.
    """
    up_to = log.last_seq() if up_to is None else up_to
    read = _read_interactions(log, config, up_to)
    if not len(read.at):
        raise NothingToLearnFrom("interactions in the event log", found=0, needed=1)
    columns, known_at = _read_messages(log, config, up_to)
    told = as_one_person(columns, former_ids(log.database))
    decisions = DecisionLog(log.database)
    sent = with_decisions(told, decisions.all())
    channels = sorted(config.channels.arms)
    draws = drawn(decisions.all(), channels) if config.channels.outcome else None
    profiles = Profiles(log.database)
    facts = profiles.items()
    # Those who were only sent nothing are users too, or all who are left of them would have bought.
    decided = (each.user_id for each in draws or ())
    gross = _interactions(read, IdMap.of(read.users), IdMap.of(read.items), tuple(config.kinds))
    net = netting.net(gross, within=int(config.data.return_days * DAY))
    if not len(net):
        raise NothingToLearnFrom("interactions that were not taken back", found=0, needed=1)
    users = IdMap.of([*_seen(net.users, net.user_row), *sent["user_id"], *decided])
    items = IdMap.of([*_seen(net.items, net.item_row), *facts])
    traits = profiles.users()
    interactions = renumbered(net, users, items)
    known = catalogue(items, facts, frozenset(config.data.unavailable_items))
    of_users = [traits.get(user, ({}, "")) for user in users]
    trait = tuple(said.get(config.segments.trait, "") for said, _ in of_users)
    timezone = tuple(zone for _, zone in of_users) if any(zone for _, zone in of_users) else ()
    messages = messages_from_log(sent, users, config)
    signals = signals_of(statements.outcomes(log.database), columns, known_at, users)
    randomised = None if draws is None else _randomised(draws, told, interactions, config)
    further = [part for part in (randomised, signals) if part is not None]
    return TrainingData(
        interactions=interactions,
        catalogue=known,
        trait=trait,
        messages=messages,
        watermark=up_to,
        fingerprint=fingerprint(interactions, known, trait, messages, timezone, *further),
        timezone=timezone,
        randomised=randomised,
        gross=None if net is gross else renumbered(gross, users, items),
        return_days=config.data.return_days,
        store=store_id(log.database),
        signals=signals,
    )


def renumbered(table: Interactions, users: IdMap, items: IdMap) -> Interactions:
    """Return a table with rows of other id maps, without events of users they do not hold.

    Nor are there events on items that they do not hold.
    """
    user, item = users.rows(table.users), np.append(items.rows(table.items), NO_ITEM)
    known = user[table.user_row] >= 0
    known &= (table.item_row == NO_ITEM) | (item[table.item_row] >= 0)
    kept = table if known.all() else table.where(known)
    counts = np.zeros(len(users), np.int64)
    counts[user[user >= 0]] = np.diff(kept.indptr)[user >= 0]
    return replace(
        kept,
        users=users,
        items=items,
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
        item_row=item[kept.item_row].astype(np.int32, copy=False),
    )


def _seen(ids: IdMap, rows: NDArray[np.integer]) -> list[str]:
    return [ids[row] for row in np.unique(rows[rows >= 0]).tolist()]


def fingerprint(
    *parts: Interactions | Catalogue | tuple[str, ...] | Messages | Randomised | Signals,
) -> str:
    """Return the SHA-256 over the content of all parts, in hexadecimal."""
    digest = sha256()
    for value in parts:
        _feed(digest, value)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Read:
    """Interactions in order of arrival; users and items numbered as they first appeared."""

    users: Sequence[str]
    items: Sequence[str]
    occasions: Occasions | None
    user: NDArray[np.int32]
    item: NDArray[np.int32]
    kind: NDArray[np.int8]
    at: NDArray[np.int64]
    quantity: NDArray[np.float32]
    value: NDArray[np.float64]
    order: NDArray[np.int64]
    known_at: NDArray[np.int64]


def _read_interactions(log: EventLog, config: Config, up_to: int) -> _Read:
    # Batch by batch, so that no more than one batch of ids is in memory as text.
    users: dict[str, int] = {}
    items: dict[str | None, int] = {None: NO_ITEM}
    occasions, number_of = OccasionReader(), cache(netting.order_number)
    kinds, late = tuple(config.kinds), config.data.late_days * DAY
    number = {kind: index for index, kind in enumerate(kinds)}
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in _INTERACTION}
    for batch in _batches(log, config, up_to):
        size = len(batch["at"])
        numbered = (users.setdefault(user, len(users)) for user in batch["user_id"])
        parts["user_id"].append(np.fromiter(numbered, np.int32, size))
        numbered = (items.setdefault(item, len(items) - 1) for item in batch["item_id"])
        parts["item_id"].append(np.fromiter(numbered, np.int32, size))
        parts["kind"].append(np.fromiter(map(number.__getitem__, batch["kind"]), np.int8, size))
        parts["at"].append(np.array(batch["at"], np.int64))
        parts["quantity"].append(np.array(batch["quantity"], np.float32))
        parts["value"].append(np.nan_to_num(np.array(batch["value"], np.float64)))
        parts["order_id"].append(np.fromiter(map(number_of, batch["order_id"]), np.int64, size))
        parts["known_at"].append(_known_at(batch, late))
        occasions.add(batch["properties"])
    columns = (_joined(parts[name]) for name in _INTERACTION)
    named = tuple(item for item in items if item is not None)
    return _Read(tuple(users), named, occasions.read(), *columns)


def _batches(log: EventLog, config: Config, up_to: int) -> Iterator[Mapping[str, Sequence[Any]]]:
    """Yield what the log has, then what lies in files."""
    kinds = tuple(config.kinds)
    yield from log.columns_in_batches(_COLUMNS, up_to=up_to, kinds=kinds)
    if config.data.lake:
        became = everybody(log.database)
        yield from Lake(config.data.lake).columns_in_batches(_COLUMNS, kinds=kinds, became=became)


def _known_at(batch: Mapping[str, Sequence[Any]], late: float) -> NDArray[np.int64]:
    """Return when events were known of: what came live, when it arrived; history, at its time.

    Files say nothing of when their rows were known, nor does what arrives later than `late`.
    """
    at, arrived = (np.array(batch[name], np.int64) for name in ("at", "ingested_at"))
    live = np.fromiter((source == LIVE for source in batch["source"]), bool, len(at))
    return np.where(live & (arrived > at) & (arrived - at <= late), arrived, at)


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0)


def _read_messages(
    log: EventLog, config: Config, up_to: int
) -> tuple[Mapping[str, Sequence[Any]], NDArray[np.int64]]:
    """Return the columns of messages, and when each row was known of."""
    columns: dict[str, list[Any]] = {name: [] for name in _MESSAGE}
    late, known_at = config.data.late_days * DAY, [np.empty(0, np.int64)]
    names = (*_MESSAGE, "source", "ingested_at")
    for batch in log.columns_in_batches(names, up_to=up_to, kinds=MESSAGE_KINDS):
        for name, values in columns.items():
            values.extend(batch[name])
        known_at.append(_known_at(batch, late))
    return columns, _joined(known_at)


def _interactions(read: _Read, users: IdMap, items: IdMap, kinds: tuple[str, ...]) -> Interactions:
    user_row = users.rows(read.users)[read.user]
    row_of_item = np.append(items.rows(read.items), np.int32(NO_ITEM))
    item_row = row_of_item[read.item]
    keys = (read.order, read.value, read.quantity, read.kind, item_row, read.at, user_row)
    said = read.occasions
    order = np.lexsort(keys if said is None else (said.placement, said.device, *keys))
    events = UserEvents(item_row, read.kind, read.at, read.quantity, read.value)
    sorted_events = UserEvents(
        *(getattr(events, name)[order] for name in UserEvents.__struct_fields__)
    )
    known_at = read.known_at[order] if (read.known_at > read.at).any() else None
    table = Interactions.of(
        users,
        items,
        kinds,
        user_row=user_row[order],
        events=sorted_events,
        known_at=known_at,
    )
    # By user and time already: the table keeps this order.
    return replace(
        table,
        occasions=None if said is None else said.where(order),
        order=read.order[order] if read.order.any() else None,
    )


def _randomised(
    draws: Sequence[Drawn],
    told: Mapping[str, Sequence[Any]],
    interactions: Interactions,
    config: Config,
) -> Randomised:
    happened = interactions.kind == interactions.kinds.index(config.channels.outcome)
    left = [n for n, kind in enumerate(told["kind"]) if kind == MESSAGE_UNSUBSCRIBED]
    leavers = interactions.users.rows(told["user_id"][n] for n in left)
    longest = max((arm.attribution_days for arm in config.channels.arms.values()), default=0.0)
    return followed(
        draws,
        interactions.users,
        Happenings(interactions.user_row[happened], interactions.at[happened]),
        Happenings(leavers, np.array([told["at"][n] for n in left], np.int64)),
        window=int(longest * DAY),
        until=interactions.end,
    )


def _feed(digest: Any, value: Any) -> None:
    # Every part is preceded by its type and length: no two contents run into the same bytes.
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).data)
    elif is_dataclass(value):
        for field in fields(value):
            _feed(digest, getattr(value, field.name))
    elif isinstance(value, tuple):
        text = "\0".join(map(str, value)).encode()
        digest.update(f"{len(value)},{len(text)}:".encode())
        digest.update(text)
    else:
        digest.update(f"{value!r};".encode())


class OccasionReader:
    """Collects the occasions of events in order of arrival; names are numbered as they come."""

    def __init__(self) -> None:
        self._numbers: tuple[dict[str, int], dict[str, int]] = ({"": UNSAID}, {"": UNSAID})
        self._parts: tuple[list[NDArray[np.int32]], list[NDArray[np.int32]]] = ([], [])

    def add(self, properties: Sequence[str | None]) -> None:
        """Read the properties of one batch."""
        if not any(properties):
            for parts in self._parts:
                parts.append(np.full(len(properties), UNSAID, np.int32))
            return
        said = list(map(of_properties, properties))
        for place, (numbers, parts) in enumerate(zip(self._numbers, self._parts, strict=True)):
            found = (numbers.setdefault(pair[place], len(numbers) - 1) for pair in said)
            parts.append(np.fromiter(found, np.int32, len(properties)))

    def read(self) -> Occasions | None:
        """Return them, numbered by name in ascending order; None where no event says any."""
        if all(len(numbers) == 1 for numbers in self._numbers):
            return None
        (devices, device), (placements, placement) = (
            _sorted(numbers, parts)
            for numbers, parts in zip(self._numbers, self._parts, strict=True)
        )
        return Occasions(devices, placements, device, placement)


def _sorted(
    numbers: dict[str, int], parts: list[NDArray[np.int32]]
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    names = [name for name in numbers if name]
    ascending = sorted(names)
    rank = {name: place for place, name in enumerate(ascending)}
    renumbered = np.array([*(rank[name] for name in names), UNSAID], np.int32)
    return tuple(ascending), renumbered[np.concatenate(parts)]
