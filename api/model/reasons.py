"""Why an item is in the answer, in a sentence that a marketer can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from gettext import NullTranslations
from typing import NamedTuple

import numpy as np

from api.model import languages
from api.model.item_facts import MOST_KEPT, FactsByRow
from recsys.bundle import Bundle
from recsys.data.person import Person
from recsys.items.slate import Recommendation


class Phrase(NamedTuple):
    """How it is told that somebody did something: with another item, and with the very same."""

    because: str
    again: str


PHRASES = {
    "purchase": Phrase("because you bought {item}", "you bought this before"),
    "cart": Phrase("because you chose {item}", "you chose this before"),
    "view": Phrase("because you looked at {item}", "you looked at this before"),
}
ANY = Phrase("because you took an interest in {item}", "you took an interest in this before")
"""As English says it; other languages have them translated in ``api/locale``."""

MOST = 128
"""More than there are kinds of events."""


class Told(dict[int, list[str]]):
    """What is said of an item of a user's history, by row; at most ``MOST_KEPT`` are kept.

    Parameters
    ----------
    words : str
        Where the name of the item belongs in it: ``{item}``.
    facts : FactsByRow
        What items are called.
    """

    def __init__(self, words: str, facts: FactsByRow) -> None:
        super().__init__()
        self._words = words
        self._facts = facts

    def __missing__(self, item_row: int) -> list[str]:
        said = [named(self._words, self._facts.name(item_row))]
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
    only : Phrase or None
        The phrase, where past events are of one such kind.
    told : Told
        That the user did just this with another item, in English.
    again : list of str
        That the user did it with the very same item, in English.
    """

    facts: FactsByRow
    kinds: tuple[str, ...]
    strongest: tuple[int, ...]
    only: Phrase | None
    told: Told
    again: list[str]

    @classmethod
    def of(cls, bundle: Bundle, facts: FactsByRow) -> Reasons:
        """Return the reasons of a bundle."""
        kinds, weight = bundle.interactions.kinds, bundle.items.weights.kind
        strongest = tuple(k for k in np.argsort(-weight, kind="stable").tolist() if weight[k] > 0)
        counts = np.bincount(bundle.interactions.kind, minlength=len(kinds))
        there = [kind for kind in strongest if counts[kind]]
        only = PHRASES.get(kinds[there[0]], ANY) if len(there) == 1 else None
        phrase = only or ANY
        return cls(facts, kinds, strongest, only, Told(phrase.because, facts), [phrase.again])

    def of_items(
        self, items: Sequence[Recommendation], person: Person, *, lang: str = ""
    ) -> list[list[str]]:
        """Return the reasons for each item of a slate, in the language of a tag.

        What the occasion adds is told in English only.
        """
        texts = languages.texts(languages.language(lang))
        english, phrase = texts is languages.ENGLISH, self._phrase(person)
        if self.only and not len(person.live) and english:
            told, again = self.told, self.again
            return [
                (again if because[0] == row else told[because[0]])
                if len(because) == 1 and not note
                else self._worded(row, because, note, phrase, texts)
                for row, _, _, _, _, because, note in items
            ]
        return [
            self._worded(row, because, note if english else "", phrase, texts)
            for row, _, _, _, _, because, note in items
        ]

    def _worded(
        self,
        item_row: int,
        because: tuple[int, ...],
        note: str,
        phrase: Callable[[int], Phrase],
        texts: NullTranslations,
    ) -> list[str]:
        said = [note] if note else []
        for row in because:
            if row == item_row:
                said.append(texts.gettext(phrase(row).again))
            else:
                said.append(named(texts.gettext(phrase(row).because), self.facts.name(row)))
        return said

    def _phrase(self, person: Person) -> Callable[[int], Phrase]:
        """Return how it is told what a person did with an item."""
        if (only := self.only) is not None and not len(person.live):
            return lambda _: only
        phrases = self._phrases(person)
        return lambda item_row: phrases.get(item_row, ANY)

    def _phrases(self, person: Person) -> dict[int, Phrase]:
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


def named(words: str, item: str) -> str:
    """Return a phrase with the name of its item, whatever braces that has."""
    return words.replace("{item}", item)
