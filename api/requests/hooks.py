"""Calls of tools into events and what is said of people: by the tables that read files too."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from api.requests.events import EventParser
from api.requests.exposures import Exposed
from api.requests.identities import Identities
from api.requests.write_queue import Inbox
from api.runtime.clock import Clock
from recsys.config import Config
from recsys.connectors.bodies import documents
from recsys.connectors.registry import Tools, tools
from recsys.data.times import instant_of, zone
from recsys.errors import BadEvent, BadQuery, StoreUnavailable
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.hooks import log as hook_log
from recsys.storage.hooks.log import Hook, HookLog, Outcome
from recsys.storage.users import sayings
from recsys.storage.users.sayings import Saying

if TYPE_CHECKING:
    from recsys.connectors.translate import Translated

_DIGITS = 32
_UNREADABLE = "unreadable"
_UNKNOWN_FORM = "unknown_form"


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
    """

    config: Config
    events: EventLog
    identities: Identities
    clock: Clock
    secrets: Mapping[str, str] = field(init=False)
    log: HookLog | None = field(init=False)
    inbox: Inbox[Hook, bool] | None = field(init=False)
    tools: Tools = field(init=False)

    def __post_init__(self) -> None:
        """Know the tools that may call."""
        said = (one.partition(":") for one in self.config.serving.hook_secrets)
        self.secrets = {tool.strip(): secret.strip() for tool, _, secret in said}
        self.tools = tools(self.config.data.connectors) if self.secrets else {}
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
            outcomes = {seq: self._looked_at(hook) for seq, hook in waiting}
            self.log.done(outcomes, now=self.clock())
            count += len(waiting)
        if count:
            hook_log.prune(self.events.database, self.config.data.hook_days, now=self.clock())
        return count

    def _looked_at(self, hook: Hook) -> Outcome:
        # Loaded by who is called by tools only.
        from recsys.connectors import read
        from recsys.connectors.translate import translated

        try:
            found = documents(hook.body, hook.content_type)
        except ValueError:
            return Outcome({_UNREADABLE: 1}, {}, ())
        tool = self.tools.get(hook.tool)
        own = {hook.tool: tool} if tool else {}
        of_tool = read.recognised_records(own, found)
        if of_tool is None:
            return Outcome({_UNKNOWN_FORM: 1}, {}, ())
        known, level = of_tool
        rows = read.of_records((one for _, one in level if isinstance(one, dict)), known.shape)
        told = translated(rows.frame, known.shape, key=self.config.privacy.email_key)
        places = rows.place.to_list()
        return _Rows(self, hook, known.name, known.shape.time).kept(told, places)

    def parser(self, tool: str, own_zone: str) -> tuple[EventParser, str]:
        """Return what reads events of a tool, and the zone of times that name none."""
        name = self.config.data.zones.get(tool, own_zone) or self.config.data.timezone
        data = self.config.data.model_copy(update={"timezone": name})
        return EventParser(self.config.model_copy(update={"data": data})), name


class _Rows:
    """The rows of one call."""

    def __init__(self, hooks: Hooks, hook: Hook, source: str, time: Any) -> None:
        self._hooks, self._hook, self._source = hooks, hook, source
        self._parser, self._zone = hooks.parser(hook.tool, time.zone if time else "")
        self._became: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._people: set[str] = set()

    def kept(self, told: Translated, places: Sequence[int | None]) -> Outcome:
        """Log and keep what the rows say, and return what became of them."""
        events: list[Event] = []
        said: list[Saying] = []
        people: list[Any] = []
        every = zip(told.frame.to_dicts(), told.said, told.refused, places, strict=True)
        for row, saying, refused, place in every:
            if refused is not None:
                self._became[refused] += 1
                continue
            found = self._read(_payload(row, place))
            if found is None:
                continue
            events += found if isinstance(found, list) else []
            if not isinstance(found, list):
                people.append(found)
            if saying is not None:
                said.append(Saying(_who(row), self._at(row), saying))
        self._logged(events)
        for why in self._hooks.identities.record(people) if people else ():
            self._became[why.code if why else "people"] += 1
        database, now = self._hooks.events.database, self._hooks.clock()
        sayings.keep(database, self._hooks.config, said, source=self._source, now=now)
        self._people |= {one.user_id for one in said}
        return Outcome(self._became, self._unknown, self._people)

    def _read(self, payload: dict[str, Any]) -> Any:
        try:
            found = self._parser.read(payload, now=self._hook.at)
        except BadEvent as error:
            self._became[error.code] += 1
            if error.code == "unknown_kind":
                self._unknown[str(payload.get("event"))] += 1
            return None
        return found.events if isinstance(found, Exposed) else found

    def _logged(self, events: list[Event]) -> None:
        named = [replace(event, source=self._source) for event in events]
        if named:
            verdicts = self._hooks.events.append(named, now=self._hooks.clock())
            self._became.update(str(verdict) for verdict in verdicts)
        self._people |= {event.user_id for event in events}

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
