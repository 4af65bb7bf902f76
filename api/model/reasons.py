"""Why an item is in the answer, in a sentence that a marketer can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from api.model.item_facts import MOST_KEPT, FactsByRow
from recsys.bundle import Bundle
from recsys.data.person import Person
from recsys.items.slate import Recommendation

PHRASES = {
    "purchase": "you bought",
    "cart": "you chose",
    "view": "you looked at",
}
ANY = "you took an interest in"

MOST = 128
"""More than there are kinds of events."""


class Told(dict[int, list[str]]):
    """What is said of an item of a user's history, by row; at most ``MOST_KEPT`` are kept.

    Parameters
    ----------
    words : str
        What goes before the name of the item.
    facts : FactsByRow
        What items are called.
    """

    def __init__(self, words: str, facts: FactsByRow) -> None:
        super().__init__()
        self._words = words
        self._facts = facts

    def __missing__(self, item_row: int) -> list[str]:
        said = [f"{self._words} {self._facts.name(item_row)}"]
        if len(self) < MOST_KEPT:
            self[item_row] = said
        return said


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
    only : str
        The phrase, where past events are of one such kind; else empty.
    told : Told
        That the user did just this with another item.
    again : list of str
        That the user did it with the very same item.
    """

    facts: FactsByRow
    kinds: tuple[str, ...]
    strongest: tuple[int, ...]
    only: str
    told: Told
    again: list[str]

    @classmethod
    def of(cls, bundle: Bundle, facts: FactsByRow) -> Reasons:
        """Return the reasons of a bundle."""
        kinds, weight = bundle.interactions.kinds, bundle.items.weights.kind
        strongest = tuple(k for k in np.argsort(-weight, kind="stable").tolist() if weight[k] > 0)
        counts = np.bincount(bundle.interactions.kind, minlength=len(kinds))
        there = [kind for kind in strongest if counts[kind]]
        only = PHRASES.get(kinds[there[0]], ANY) if len(there) == 1 else ""
        told, again = Told(f"because {only}", facts), [f"{only} this before"]
        return cls(facts, kinds, strongest, only, told, again)

    def of_items(self, items: Sequence[Recommendation], person: Person) -> list[list[str]]:
        """Return the reasons for each item of a slate."""
        if self.only and not len(person.live):
            told, again = self.told, self.again
            return [
                (again if because[0] == row else told[because[0]])
                if len(because) == 1 and not note
                else self._worded(row, because, note, lambda _: self.only)
                for row, _, _, _, _, because, note in items
            ]
        phrases = self._phrases(person)
        return [
            self._worded(row, because, note, lambda item_row: phrases.get(item_row, ANY))
            for row, _, _, _, _, because, note in items
        ]

    def _worded(
        self, item_row: int, because: tuple[int, ...], note: str, phrase: Callable[[int], str]
    ) -> list[str]:
        said = [note] if note else []
        for row in because:
            done = phrase(row)
            same = row == item_row
            said.append(f"{done} this before" if same else f"because {done} {self.facts.name(row)}")
        return said

    def _phrases(self, person: Person) -> dict[int, str]:
        """Return how it is told what the person did with each item: by the strongest kind."""
        places = {kind: place for place, kind in enumerate(self.strongest)}
        best: dict[int, int] = {}
        for events in (person.past, person.live):
            for row, kind in zip(events.item_row.tolist(), events.kind.tolist(), strict=True):
                place = places.get(kind, MOST)
                if place < best.get(row, MOST):
                    best[row] = place
        words = [PHRASES.get(self.kinds[kind], ANY) for kind in self.strongest]
        return {row: words[place] for row, place in best.items()}
