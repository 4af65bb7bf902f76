"""The one memory of users, with the store up or down: kept as told, until something changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from msgspec import structs

from api.answers.ready import ReadyAnswer
from recsys.data.person import ERASED, Context, Person, Remembered
from recsys.model_version import Answering
from recsys.storage.database.interface import Database
from recsys.storage.privacy import erasure
from recsys.storage.users import aliases, changes
from recsys.storage.users.changes import EVERYBODY, Position
from recsys.storage.users.consents import NOTHING_SAID, Consents, ConsentStanding

if TYPE_CHECKING:
    from recsys.storage.users.live_state import LiveState

Line = tuple[str, str, int, int]

ANYBODY = Remembered(profiling=False, readable=False)

MOST_SAID = 200_000
_MOST_READY = 8
_WEIGHS_ONE = 256
"""Bytes of an answer that weigh as much as an event."""


@dataclass(slots=True, eq=False)
class Known:
    """One user in mind.

    Attributes
    ----------
    remembered : Remembered
        What the store told.
    since, at : int
        Beyond which watermark, and when.
    ready : dict
        Answers about the user, by what was asked.
    """

    remembered: Remembered
    since: int
    at: int
    ready: dict[Any, ReadyAnswer] = field(default_factory=dict)
    _gathered: tuple[tuple[Answering, Context, Person], ...] = ()

    def person(self, answering: Answering, user_id: str, *, at: int, context: Context) -> Person:
        """Return the user as a model version sees it; worked out once for the same context.

        Two are kept: that of a champion, and that of a challenger.
        """
        for by, said, person in self._gathered:
            if by is answering and said == context:
                return person if person.at == at else structs.replace(person, at=at)
        person = answering.person(user_id, self.remembered, at=at, context=context)
        # What lies in the cart is of right now.
        if not context.cart:
            self._gathered = ((answering, context, person), *self._gathered[:1])
        return person

    def holds(self, since: int, at: int) -> bool:
        """Return whether the store would tell the same, as long as nothing is written."""
        return self.since == since and self.at <= at < self.remembered.until

    @property
    def weight(self) -> int:
        """What it takes of the memory: users, events, messages and what came of them count one."""
        found = self.remembered
        said = len(found.live) + sum(map(len, found.messages.values()))
        said += len(found.reactions) + len(found.signals)
        return 1 + said + sum(map(len, self.ready.values())) // _WEIGHS_ONE


NOT_KEPT: tuple[tuple[Known, ...], int] = ((), 0)


class UserMemory:
    """The users asked for last, as the store tells them, and who said what about profiling.

    What the store tells of a user is read once and kept until something is written about that
    user, by whichever process: before every answer it is asked who changed. While it cannot be
    read, what is in mind is the best there is. Safe to use from several threads.

    Parameters
    ----------
    live_state : LiveState
        What the store tells of users.
    database : Database
        The store, asked who changed.
    most : int
        Users, events, messages, reactions and quarter kilobytes of answers that are kept together;
        the longest unasked go first.
    live_for : int
        Microseconds for which answers that weigh what happened since training are kept.
    """

    def __init__(
        self, live_state: LiveState, database: Database, most: int, *, live_for: int = 0
    ) -> None:
        self.live_for = live_for
        self._live_state = live_state
        self._database = database
        self._most = most
        self._held = 0
        self._kept: OrderedDict[str, tuple[tuple[Known, ...], int]] = OrderedDict()
        self._asked_as: dict[str, set[str]] = {}
        self._turn = threading.Lock()
        self._position: Position | None = None
        self._looked_at = 0
        self._said: dict[str, ConsentStanding] = {}
        self._last_seq: int | None = None
        self._erased: set[str] = set()
        self._last_erasure = 0
        self._last_merge = 0

    @property
    def is_informed(self) -> bool:
        """Whether it is known who spoke of profiling, so that answers can do without the store."""
        return self._last_seq is not None

    def __len__(self) -> int:
        return self._held

    def of(self, user_id: str, *, since: int, at: int, again: bool = False) -> Known:
        """Return what the store knows of a user beyond the watermark `since`, at `at`.

        `again`: for a request that asked before, so that who changed is known.

        Raises
        ------
        StoreUnavailable
            It cannot be read.
        """
        position = self._position if again and self._position is not None else self.look()
        self._looked_at = at
        with self._turn:
            for kept in self._kept.get(user_id, NOT_KEPT)[0]:
                if kept.holds(since, at):
                    self._kept.move_to_end(user_id)
                    return kept
        known = Known(self._live_state.of(user_id, since=since, at=at), since, at)
        with self._turn:
            # Else somebody may have changed between what was read and now.
            if self._position == position:
                self._keep(user_id, known)
        return known

    def of_all(self, user_ids: Sequence[str], *, since: int, at: int) -> list[Remembered]:
        """Return what the store knows of many users; whom it is asked about often stay in mind.

        Raises
        ------
        StoreUnavailable
            It cannot be read.
        """
        return self._live_state.of_all(user_ids, since=since, at=at)

    def recall(self, user_id: str, *, since: int) -> tuple[Remembered, int | None]:
        """Return the best that is in mind of a user, and until when it held; None: only consent.

        Events of before another watermark are left out: the model may have seen them. Whoever is
        not in mind has neither events nor channels, and is profiled only if the ledger allows it.
        """
        if user_id in self._erased:
            return ERASED, None
        said = self._said.get(user_id)
        if kept := self._kept.get(user_id, NOT_KEPT)[0]:
            best = next((one for one in kept if one.since == since), kept[0])
            found = best.remembered
            if best.since != since:
                found = replace(found, live=())
            found = found if said is None else replace(found, profiling=said.granted)
            return found, self._looked_at
        if self._last_seq is None:
            return ANYBODY, None
        return Remembered(profiling=None if said is None else said.granted), None

    def put(self, user_id: str, known: Known, asked: object, ready: ReadyAnswer) -> None:
        """Keep an answer about a user, with what it stands on."""
        if len(known.ready) >= _MOST_READY:
            known.ready.clear()
        known.ready[asked] = ready
        with self._turn:
            if any(one is known for one in self._kept.get(user_id, NOT_KEPT)[0]):
                self._keep(user_id, known)

    def look(self) -> Position:
        """Forget who changed since the last look, and return up to where changes are known.

        Raises
        ------
        StoreUnavailable
            The store cannot be read; nobody was forgotten.
        """
        before = self._position
        position, changed = changes.after(self._database, before)
        if position is not before:
            with self._turn:
                # Whoever looked at the same time forgot the same people.
                if self._position != position:
                    self._forget(changed)
                    self._position = position
        return position

    def forget_answers(self) -> None:
        """Let go of what a model version made that does not serve any more."""
        with self._turn:
            kept = list(self._kept.items())
            self._forget([EVERYBODY])
            for user_id, (both, _) in kept:
                for known in both:
                    self._keep(user_id, Known(known.remembered, known.since, known.at))

    def catch_up(self, consents: Consents) -> None:
        """Learn who changed, was erased or spoke of profiling since the last time.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        self.look()
        for user_id, seq in erasure.erased_after(self._database, self._last_erasure):
            self._erased.add(user_id)
            self._last_erasure = max(self._last_erasure, seq)
        is_first, merged = self._last_seq is None, self._merged()
        self.follow(consents.profiling_after(self._last_seq or 0))
        if not is_first:
            self.follow(line for user in merged for line in consents.profiling_of(user))

    def _merged(self) -> list[str]:
        """Return who others became since the last time."""
        found = aliases.merged_after(self._database, self._last_merge)
        self._last_merge = max([self._last_merge, *(seq for _, seq in found)])
        return list(dict.fromkeys(user for user, _ in found))

    def follow(self, lines: Iterable[Line]) -> None:
        """Learn what was said about profiling: (user, state, at, seq) of the ledger's new lines."""
        last = self._last_seq or 0
        for user_id, state, at, seq in lines:
            last = max(last, seq)
            self._said[user_id] = self._said.get(user_id, NOTHING_SAID).after(state, at)
        # With more words than are kept, silence means nothing any more.
        self._last_seq = None if len(self._said) > MOST_SAID else last
        if self._last_seq is None:
            self._said.clear()

    def _keep(self, user_id: str, known: Known) -> None:
        before = self._kept.get(user_id, NOT_KEPT)[0]
        self._drop(user_id)
        # A challenger that answers some has seen other events than the champion.
        both = (known, *[one for one in before if one.since != known.since][:1])
        weight = sum(one.weight for one in both)
        self._kept[user_id] = both, weight
        self._held += weight
        if owner := known.remembered.known_as:
            self._asked_as.setdefault(owner, set()).add(user_id)
        while self._held > self._most:
            self._drop(next(iter(self._kept)))

    def _forget(self, changed: Iterable[str]) -> None:
        if EVERYBODY in changed:
            self._kept.clear()
            self._asked_as.clear()
            self._held = 0
            return
        for user_id in changed:
            for asked in (user_id, *self._asked_as.pop(user_id, ())):
                self._drop(asked)

    def _drop(self, user_id: str) -> None:
        if (kept := self._kept.pop(user_id, None)) is None:
            return
        self._held -= kept[1]
        owner = kept[0][0].remembered.known_as
        if (asked := self._asked_as.get(owner)) is not None:
            asked.discard(user_id)
            if not asked:
                del self._asked_as[owner]
