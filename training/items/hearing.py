"""Users who are asked for, and the lists that each ladder makes for them: made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data.person import Person, PersonKind
from recsys.items.slate import ItemQuery, Ranking, Repeats
from recsys.ladder import Ladder, Rung, Standing
from training.items.judge import Judge

Lists = Ladder[ItemQuery, Ranking]
ItemRung = Rung[ItemQuery, Ranking]


Served = tuple[tuple[int, bytes], ...]
"""Rungs, each with who of the users gets it."""


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
    _made: dict[tuple[Repeats, Served], NDArray[np.int32]] = field(default_factory=dict)

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
        served = [(rung, self._served(rung, ladder)) for rung in ladder.rungs]
        served = [(rung, who) for rung, who in served if who.any()]
        key = repeats, tuple((id(rung), who.tobytes()) for rung, who in served)
        if key not in self._made:
            some = {
                rung.name: ladder.verdicts[rung.name]
                for rung, who in served
                if not np.array_equal(who, self.applies(rung))
            }
            asked = Ladder(ladder.question, [rung for rung, _ in served], some)
            self._made[key] = self.judge.lists(asked, self.persons, repeats=repeats)
        return self._made[key]

    @property
    def kinds(self) -> NDArray[np.object_]:
        """The kind of person that each is, shape (n,)."""
        return np.array([person.kind for person in self.persons], object)

    def ndcg(self, ladder: Lists) -> NDArray[np.float64]:
        """Return the NDCG of the ladder's list for each user, float64, shape (n,)."""
        return self.judge.ndcg(self.lists(ladder))

    def report(self, ladder: Lists) -> Mapping[str, Any]:
        """Return all figures of the ladder's lists, ready for JSON."""
        return self.judge.report(self.lists(ladder))

    def _served(self, rung: ItemRung, ladder: Lists) -> NDArray[np.bool_]:
        """Return to whom a rung of a ladder applies and is shipped, bool, shape (n,)."""
        verdict, applies = ladder.verdicts.get(rung.name), self.applies(rung)
        if verdict is None:
            return applies
        kinds = [kind for kind in PersonKind if verdict.standing(kind) is Standing.SHIPPED]
        return applies & np.isin(self.kinds, kinds)
