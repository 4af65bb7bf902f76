"""Why an item is in the answer, in a sentence that a marketer can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np

from api.messages.reasons import Why, why
from api.model.item_facts import MOST_KEPT, FactsByRow
from recsys.bundle import Bundle
from recsys.data.person import Person
from recsys.items.slate import Recommendation
from recsys.words import say

Said = tuple[list[str], list[Why]]
"""Texts in English, and each with its code and parameters."""

Phrase = Callable[[int], str]
"""The code of what somebody did with an item."""

SILENCE: Said = ([], [])

PHRASES = {kind: f"item.{kind}" for kind in ("purchase", "cart", "view")}
ANY = "item.any"
"""Code of what is told of having done something with another item; ``_again``: with the same."""

MOST = 128
"""More than there are kinds of events."""


class Told(dict[int, Said]):
    """What is said of an item of a user's history, by row; at most ``MOST_KEPT`` are kept.

    Parameters
    ----------
    phrase : str
        Its code.
    facts : FactsByRow
        What items are called.
    """

    def __init__(self, phrase: str, facts: FactsByRow) -> None:
        super().__init__()
        self._phrase = phrase
        self._facts = facts

    def __missing__(self, item_row: int) -> Said:
        found = told([say(self._phrase, item=self._facts.name(item_row))])
        if len(self) < MOST_KEPT:
            self[item_row] = found
        return found


@dataclass(frozen=True, slots=True)
class Reasons:
    """Words the reasons of one model version.

    Attributes
    ----------
    facts : FactsByRow
        What items are called.
    kinds : tuple of str
        What the kind numbers of events mean.
    strongest : tuple of int
        Kinds that speak for an item, the strongest first.
    only : str or None
        The phrase, where past events are of one such kind.
    told : mapping of str to Told
        By phrase: that the user did just this with another item.
    again : mapping of str to Said
        That the user did it with the very same item.
    """

    facts: FactsByRow
    kinds: tuple[str, ...]
    strongest: tuple[int, ...]
    only: str | None
    told: Mapping[str, Told]
    again: Mapping[str, Said]

    @classmethod
    def of(cls, bundle: Bundle, facts: FactsByRow) -> Reasons:
        """Return the reasons of a bundle."""
        kinds, weight = bundle.interactions.kinds, bundle.items.weights.kind
        strongest = tuple(k for k in np.argsort(-weight, kind="stable").tolist() if weight[k] > 0)
        counts = np.bincount(bundle.interactions.kind, minlength=len(kinds))
        there = [kind for kind in strongest if counts[kind]]
        only = PHRASES.get(kinds[there[0]], ANY) if len(there) == 1 else None
        others = {phrase: Told(phrase, facts) for phrase in (*PHRASES.values(), ANY)}
        again = {phrase: told([say(f"{phrase}_again")]) for phrase in others}
        return cls(facts, kinds, strongest, only, others, again)

    def of_items(self, items: Sequence[Recommendation], person: Person) -> list[Said]:
        """Return the reasons for each item of a slate."""
        by = self._phrase(items, person)
        return [self._worded(row, because, note, by) for row, _, _, _, _, because, note in items]

    def _phrase(self, items: Sequence[Recommendation], person: Person) -> Phrase:
        """Return how it is told what a person did with an item that carries some of these."""
        if (only := self.only) is not None and not len(person.live):
            return lambda _: only
        phrases = self._phrases(items, person)
        return lambda item_row: phrases.get(item_row, ANY)

    def _worded(self, item_row: int, because: tuple[int, ...], note: str, by: Phrase) -> Said:
        said = [
            self.again[by(row)] if row == item_row else self.told[by(row)][row] for row in because
        ]
        if note:
            said.insert(0, _noted(note))
        if len(said) == 1:
            return said[0]
        texts, whys = zip(*said, strict=True) if said else SILENCE
        return [*chain(*texts)], [*chain(*whys)]

    def _phrases(self, items: Sequence[Recommendation], person: Person) -> dict[int, str]:
        """Return how it is told what the person did with items: by the strongest kind."""
        wanted = {row for item in items for row in item.because}
        places = {kind: place for place, kind in enumerate(self.strongest)}
        best: dict[int, int] = {}
        for events in (person.past, person.live):
            for row, kind in zip(events.item_row.tolist(), events.kind.tolist(), strict=True):
                if row in wanted and (place := places.get(kind, MOST)) < best.get(row, MOST):
                    best[row] = place
        words = [PHRASES.get(self.kinds[kind], ANY) for kind in self.strongest]
        return {row: words[place] for row, place in best.items()}


def told(words: Sequence[str]) -> Said:
    """Return reasons as they are answered."""
    return [str(one) for one in words], [made for one in words if (made := why(one))]


@lru_cache(8_192)
def _noted(note: str) -> Said:
    return told([note])
