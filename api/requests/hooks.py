"""Calls of tools into events and what is said of people: by the tables that read files too."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Any

import orjson

from api.requests.events import EventParser
from api.requests.exposures import Exposed
from api.requests.identities import Identities
from api.requests.write_queue import Inbox
from api.runtime import logs
from api.runtime.clock import Clock
from api.runtime.ids import uuid7
from recsys.config import Config
from recsys.connectors.bodies import documents
from recsys.connectors.registry import Tools, tools
from recsys.connectors.tool import ERASE
from recsys.data.times import instant_of, zone
from recsys.errors import BadEvent, BadQuery, StoreUnavailable
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.hooks import log as hook_log
from recsys.storage.hooks.log import CallOutcome, Hook, HookLog
from recsys.storage.privacy.erasure import erase
from recsys.storage.users import sayings
from recsys.storage.users.aliases import NOBODY, became
from recsys.storage.users.sayings import Saying

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from recsys.connectors.tool import Recognised

_DIGITS = 32
_ERASED = "erased"
_IDS = ("user_id", "anonymous_id")
_UNREADABLE = "unreadable"
_UNKNOWN_FORM = "unknown_form"
_LONGEST_REST = 1.0

_Call = tuple[int, Hook, list[Any]]
"""The number of a call, the call, and the records in its body."""


@dataclass(slots=True)
class Hooks:
    """Takes calls durably, and makes events of them afterwards.

    Attributes
    ----------
    config : Config
        All of it.
    events : EventLog
        Where events go.
    identities : Identities
        Takes who somebody is.
    clock : Clock
        Now.
    logger : FilteringBoundLogger
        Told of calls that cannot be read.
    own_currency : callable
        As :class:`EventParser` asks it.
    """

    config: Config
    events: EventLog
    identities: Identities
    clock: Clock
    logger: FilteringBoundLogger
    own_currency: Callable[[str], str]
    secrets: Mapping[str, Sequence[str]] = field(init=False)
    log: HookLog | None = field(init=False)
    inbox: Inbox[Hook, bool] | None = field(init=False)
    tools: Tools = field(init=False)
    _taken: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Know the tools that may call."""
        secrets: dict[str, list[str]] = {}
        for one in self.config.serving.hook_secrets:
            tool, _, secret = one.partition(":")
            secrets.setdefault(tool.strip(), []).append(secret.strip())
        self.secrets = secrets
        self.tools = tools(self.config.data.connectors) if self.secrets else {}
        if self.tools:
            # What reads calls takes long to load, and while calls come others would wait for it.
            import_module("recsys.connectors.read")
        key = self.config.privacy.email_key
        self.log = HookLog(self.events.database, key) if self.secrets and key else None
        self.inbox = Inbox(self.log.put) if self.log else None

    async def take(self, hook: Hook) -> None:
        """Keep a call; it is on the disk when this returns.

        Raises
        ------
        StoreUnavailable
            It was not kept.
        """
        self._taken += 1
        if self.inbox is not None:
            await self.inbox.put([hook])

    async def follow(self, closing: asyncio.Event, seconds: float) -> None:
        """Look at what came, again and again."""
        while self.log is not None and not closing.is_set():
            with suppress(StoreUnavailable):
                await asyncio.to_thread(self.work)
            with suppress(TimeoutError):
                await asyncio.wait_for(closing.wait(), seconds)

    async def close(self) -> None:
        """Write what waits."""
        if self.inbox is not None:
            await self.inbox.close()

    def work(self) -> int:
        """Look at calls that wait, and return how many those were; runs in a thread.

        Raises
        ------
        StoreUnavailable
            They wait on; what was logged of them already is logged once.
        """
        count = 0
        while self.log is not None and (waiting := self.log.waiting()):
            began, taken = time.perf_counter(), self._taken
            outcomes = self._looked_at(waiting)
            self.log.done(outcomes, now=self.clock())
            self.log.forget({one for outcome in outcomes.values() for one in outcome.erased})
            count += len(waiting)
            if self._taken > taken:
                # More come: nine tenths of the time are for those who wait for an answer.
                time.sleep(min(_LONGEST_REST, 9 * (time.perf_counter() - began)))
        if count:
            hook_log.prune(self.events.database, self.config.data.hook_days, now=self.clock())
        return count

    def _looked_at(self, waiting: Sequence[tuple[int, Hook]]) -> dict[int, CallOutcome]:
        """Return what became of calls; those of one form are read together."""
        outcomes: dict[int, CallOutcome] = {}
        forms: dict[str, tuple[Recognised, list[_Call]]] = {}
        for seq, hook in waiting:
            try:
                found = self._recognised(hook)
            except (AttributeError, LookupError, TypeError, ValueError):
                outcomes[seq] = CallOutcome({_UNREADABLE: 1}, {}, ())
                continue
            if found is None:
                outcomes[seq] = CallOutcome({_UNKNOWN_FORM: 1}, {}, ())
                continue
            known, records = found
            forms.setdefault(known.name, (known, []))[1].append((seq, hook, records))
        for known, calls in forms.values():
            outcomes |= self._kept(known, calls)
        return outcomes

    def _kept(self, known: Recognised, calls: Sequence[_Call]) -> dict[int, CallOutcome]:
        """Return what became of calls of one form; one that cannot be read costs itself alone."""
        try:
            return _Form(self, known, calls).kept()
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a call says, the next is read
            if len(calls) > 1:
                # What was logged of them already is logged once.
                alone = [self._kept(known, [call]) for call in calls]
                return {seq: outcome for each in alone for seq, outcome in each.items()}
            ((seq, hook, _),) = calls
            said = logs.described(error)
            self.logger.error("a call is unreadable", tool=hook.tool, **said)  # noqa: TRY400 - no message
            return {seq: CallOutcome({_UNREADABLE: 1}, {}, ())}

    def _recognised(self, hook: Hook) -> tuple[Recognised, list[Any]] | None:
        # Loaded by who is called by tools only.
        from recsys.connectors.read import recognised_records

        tool = self.tools.get(hook.tool)
        own = {hook.tool: tool} if tool else {}
        found = recognised_records(own, documents(hook.body, hook.content_type))
        if found is None:
            return None
        return found[0], [one for _, one in found[1] if isinstance(one, dict)]

    def parser(self, tool: str, own_zone: str) -> tuple[EventParser, str]:
        """Return what reads events of a tool, and the zone of times that name none."""
        name = self.config.data.zones.get(tool, own_zone) or self.config.data.timezone
        data = self.config.data.model_copy(update={"timezone": name})
        return EventParser(self.config.model_copy(update={"data": data}), self.own_currency), name


@dataclass(slots=True)
class _Tally:
    """What the rows of one call became."""

    hook: Hook
    became: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    people: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)


class _Form:
    """Calls of one form."""

    def __init__(self, hooks: Hooks, known: Recognised, calls: Sequence[_Call]) -> None:
        when = known.shape.time
        self._hooks, self._known = hooks, known
        self._parser, self._zone = hooks.parser(known.tool, when.zone if when else "")
        self._tallies = {seq: _Tally(hook) for seq, hook, _ in calls}
        self._records = [record for *_, records in calls for record in records]
        self._calls = [seq for seq, _, records in calls for _ in records]

    def kept(self) -> dict[int, CallOutcome]:
        """Log and keep what the rows say, and return what became of each call."""
        events: list[tuple[_Tally, Event]] = []
        people: list[tuple[_Tally, Any]] = []
        said: list[Saying] = []
        for tally, row, saying, place in self._rows():
            if row.get("type") == ERASE:
                tally.erased |= {row[name] for name in _IDS if row.get(name)}
                continue
            found = self._read(tally, _payload(row, place))
            if found is None:
                continue
            if isinstance(found, list):
                events += [(tally, replace(event, source=self._known.name)) for event in found]
            else:
                people.append((tally, found))
            if saying is not None:
                said.append(Saying(_who(row), self._at(row), saying))
                tally.people.add(_who(row))
        self._logged(events)
        self._recorded(people)
        database, now = self._hooks.events.database, self._hooks.clock()
        sayings.keep(
            database, self._hooks.config, said, source=self._known.name, now=now, live=True
        )
        for tally in self._tallies.values():
            self._erased(tally)
        return {
            seq: CallOutcome(tally.became, tally.unknown, tally.people, tally.erased)
            for seq, tally in self._tallies.items()
        }

    def _rows(self) -> Iterator[tuple[_Tally, Mapping[str, Any], str | None, int | None]]:
        from recsys.connectors.read import of_records
        from recsys.connectors.translate import translated

        rows = of_records(self._records, self._known.shape)
        told = translated(rows.frame, self._known.shape, key=self._hooks.config.privacy.email_key)
        every = zip(
            rows.of, told.frame.to_dicts(), told.said, told.refused, rows.place, strict=True
        )
        for record, row, saying, refused, place in every:
            tally = self._tallies[self._calls[record]]
            if refused is None:
                yield tally, row, saying, place
            else:
                tally.became[refused] += 1

    def _read(self, tally: _Tally, payload: dict[str, Any]) -> Any:
        try:
            found = self._parser.read(payload, now=tally.hook.at)
        except BadEvent as error:
            tally.became[error.code] += 1
            if error.code == "unknown_kind":
                tally.unknown[str(payload.get("event"))] += 1
            return None
        return found.events if isinstance(found, Exposed) else found

    def _logged(self, events: list[tuple[_Tally, Event]]) -> None:
        if not events:
            return
        named = [event for _, event in events]
        verdicts = self._hooks.events.append(named, now=self._hooks.clock())
        for (tally, event), verdict in zip(events, verdicts, strict=True):
            tally.became[str(verdict)] += 1
            tally.people.add(event.user_id)

    def _erased(self, tally: _Tally) -> None:
        """Erase whom a call asks to, and count who was erased before."""
        database, now = self._hooks.events.database, self._hooks.clock()
        for user_id in sorted(tally.erased):
            erase(database, user_id, at=now, receipt_id=uuid7(now), by=f"hook:{tally.hook.tool}")
            tally.became[_ERASED] += 1
        tally.people |= tally.erased
        known = became(database, tally.people)
        tally.erased |= {one for one in tally.people if known.get(one) == NOBODY}

    def _recorded(self, people: list[tuple[_Tally, Any]]) -> None:
        whys = self._hooks.identities.record([one for _, one in people]) if people else []
        for (tally, one), why in zip(people, whys, strict=True):
            tally.became[why.code if why else "people"] += 1
            tally.people.add(one.user_id)

    def _at(self, row: Mapping[str, Any]) -> int | None:
        given = _number(row.get("timestamp"))
        try:
            return None if given is None else instant_of(given, zone(self._zone))
        except (BadEvent, BadQuery):
            return None


def _payload(row: Mapping[str, Any], place: int | None) -> dict[str, Any]:
    """Return a row as clients send an event; its id says which part of a list it is."""
    found = {name: value for name, value in row.items() if value is not None}
    if "timestamp" in found:
        found["timestamp"] = _number(found["timestamp"])
    if "machine" in found:
        found["machine"] = found["machine"] == "true"
    if place is not None and "message_id" in found:
        found["message_id"] = f"{found['message_id']}:{place}"
    if not found.keys() & {"message_id", "ref"}:
        # A call that comes twice says the same: its content names it.
        content = orjson.dumps([found, place], option=orjson.OPT_SORT_KEYS)
        found["message_id"] = f"hook:{sha256(content).hexdigest()[:_DIGITS]}"
    return found


def _number(text: Any) -> Any:
    return int(text) if isinstance(text, str) and text.isdecimal() else text


def _who(row: Mapping[str, Any]) -> str:
    return str(row.get("user_id") or row.get("anonymous_id"))
