"""Users who are asked for, and the lists that each ladder makes for them: made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data.person import Person
from recsys.items.slate import ItemQuery, Ranking, Repeats
from recsys.ladder import Ladder, Rung
from training.items.judge import Judge

Lists = Ladder[ItemQuery, Ranking]
ItemRung = Rung[ItemQuery, Ranking]


@dataclass(frozen=True, slots=True)
class Hearing:
    """Users as they are found at one moment, and what they then took.

    What verdicts, contests and figures ask of the same rungs is asked once.

    Attributes
    ----------
    judge : Judge
        Of what they took.
    persons : sequence of Person
        In the order of the judge's users.
    """

    judge: Judge
    persons: Sequence[Person]
    _applies: dict[int, tuple[ItemRung, NDArray[np.bool_]]] = field(default_factory=dict)
    _made: dict[tuple[Repeats, tuple[int, ...]], NDArray[np.int32]] = field(default_factory=dict)

    def applies(self, rung: ItemRung) -> NDArray[np.bool_]:
        """Return to which users a rung applies, bool, shape (n,)."""
        known = self._applies.get(id(rung))
        if known is None:
            answers = [rung.declines(who) is None for who in self.persons]
            # The rung stays with it: another one must never get its id.
            known = self._applies[id(rung)] = rung, np.array(answers, bool)
        return known[1]

    def lists(self, ladder: Lists, *, repeats: Repeats = Repeats.ALLOW) -> NDArray[np.int32]:
        """Return the lists of a ladder; see :meth:`Judge.lists`."""
        rungs = [each for each in _shipped(ladder) if self.applies(each).any()]
        key = repeats, tuple(map(id, rungs))
        if key not in self._made:
            asked = Ladder(ladder.question, rungs, {})
            self._made[key] = self.judge.lists(asked, self.persons, repeats=repeats)
        return self._made[key]

    def ndcg(self, ladder: Lists) -> NDArray[np.float64]:
        """Return the NDCG of the ladder's list for each user, float64, shape (n,)."""
        return self.judge.ndcg(self.lists(ladder))

    def report(self, ladder: Lists) -> Mapping[str, Any]:
        """Return all figures of the ladder's lists, ready for JSON."""
        return self.judge.report(self.lists(ladder))


def _shipped(ladder: Lists) -> list[ItemRung]:
    verdicts = ladder.verdicts
    return [
        rung for rung in ladder.rungs if rung.name not in verdicts or verdicts[rung.name].shipped
    ]
