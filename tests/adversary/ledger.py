"""A crowd that grants, denies, merges, parts and is erased, and what its words allow.

The law is said over the words as they were taken, and knows nothing of how the store keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from recsys.data.person import Remembered
from recsys.data.times import SECOND
from recsys.storage.database.interface import Database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.privacy import erasure
from recsys.storage.users import merges
from recsys.storage.users.consents import DENIED, GRANTED, MARKETING, PROFILING, Consent, Consents
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.merges import MergeOutcome

APART = 600 * SECOND


@dataclass(frozen=True, slots=True)
class Word:
    """What was said, by which id, and with whom it was one person then."""

    said_by: str
    together: frozenset[str]
    granted: bool
    at: int


class Crowd:
    """Some ids in a store, and all that they said.

    Parameters
    ----------
    database : Database
        An empty store.
    channels : sequence of str
        What marketing goes through.
    seed : int
        Of what happens.
    size : int
        How many ids there are at a time.
    parting : int
        How often they merge and part, where saying has 70.
    """

    def __init__(
        self,
        database: Database,
        channels: Sequence[str],
        *,
        seed: int,
        size: int = 40,
        parting: int = 8,
    ) -> None:
        self._database = database
        self._subjects = (PROFILING, *channels)
        self._random = Random(seed)
        self._words: dict[str, list[Word]] = {about: [] for about in self._subjects}
        self._said = 0
        self._into: dict[str, str] = {}
        self._erased: set[str] = set()
        self._live = [f"p{number}" for number in range(size)]
        self._made = size
        self._steps = {
            self._say: 70, self._unsubscribe: 10,
            self._merge: parting, self._part: parting, self._erase: 1,
        }  # fmt: skip
        self.taken = dict.fromkeys((step.__name__.strip("_") for step in self._steps), 0)

    def step(self, now: int) -> None:
        """Let one thing happen; clocks are up to ten minutes apart."""
        (chosen,) = self._random.choices(list(self._steps), list(self._steps.values()))
        chosen(now)
        self.taken[chosen.__name__.strip("_")] += 1

    def ask(self, at: int) -> tuple[str, Remembered]:
        """Return somebody, an erased id now and then, and what the store remembers."""
        ids = self._live if self._random.random() < 0.98 else sorted(self._erased) or self._live
        user = self._random.choice(ids)
        return user, LiveState(self._database).of(user, since=0, at=at)

    def wrongs(self, user: str, state: Remembered) -> list[str]:
        """Return what the store remembers of a user against their words."""
        if user in self._erased:
            forgotten = state.erased and not state.channels and state.profiling is None
            return [] if forgotten else ["an erased user is remembered"]
        found = ["a channel without consent" for c in state.channels if not self._holds(user, c)]
        denied = self._denials(user, PROFILING) and not self._holds(user, PROFILING)
        if denied and state.profiling is not False:
            found.append("profiling after a denial")
        if state.profiling and not self._holds(user, PROFILING):
            found.append("profiling that was not granted")
        return found

    def _holds(self, user: str, about: str) -> bool:
        """Return whether a grant of the person came after all denials, and is older than none."""
        person, own = self._root(user), self._together(user)
        denials = self._denials(user, about)
        return any(
            all(order < place and denial.at <= word.at for order, denial in denials)
            for place, word in enumerate(self._words[about])
            if word.granted and word.said_by in own and person in word.together
        )

    def _denials(self, user: str, about: str) -> list[tuple[int, Word]]:
        own, words = self._together(user), enumerate(self._words[about])
        return [(n, word) for n, word in words if not word.granted and word.together & own]

    def _root(self, user: str) -> str:
        while user in self._into:
            user = self._into[user]
        return user

    def _together(self, user: str) -> frozenset[str]:
        root = self._root(user)
        return frozenset(one for one in self._live if self._root(one) == root)

    def _say(self, now: int) -> None:
        user, about = self._random.choice(self._live), self._random.choice(self._subjects)
        granted = self._random.random() < 0.6
        at = now + self._random.randint(-APART, APART)
        purpose, channel = (PROFILING, "") if about == PROFILING else (MARKETING, about)
        word = Consent(user, purpose, channel, GRANTED if granted else DENIED, at)
        if Consents(self._database).record([word]):
            self._words[about].append(Word(user, self._together(user), granted, at))

    def _unsubscribe(self, now: int) -> None:
        user, channel = self._random.choice(self._live), self._random.choice(self._subjects[1:])
        at = now + self._random.randint(-APART, 0)
        self._said += 1
        left = Event(f"x{self._said}", user, "message_unsubscribed", at, channel=channel)
        EventLog(self._database).append([left], now=now)
        self._words[channel].append(Word(user, self._together(user), granted=False, at=at))

    def _merge(self, now: int) -> None:
        previous, user = (self._random.choice(self._live) for _ in range(2))
        if merges.merge(self._database, previous, user, at=now) is MergeOutcome.MERGED:
            self._into[self._root(previous)] = self._root(user)

    def _part(self, now: int) -> None:
        if self._into:
            user = self._random.choice(sorted(self._into))
            merges.unmerge(self._database, user, at=now)
            del self._into[user]

    def _erase(self, now: int) -> None:
        gone = self._together(self._random.choice(self._live))
        erasure.erase(self._database, min(gone), at=now, receipt_id=f"r{len(self._erased)}")
        self._erased |= gone
        for one in gone:
            self._into.pop(one, None)
            self._live[self._live.index(one)] = f"p{self._made}"
            self._made += 1
        for about, words in self._words.items():
            self._words[about] = [word for word in words if word.said_by not in gone]
