"""Rung 3: rung 2 at this moment, with the events since training folded in."""

from __future__ import annotations

from dataclasses import dataclass

from recsys.items.one_to_one import OneToOneItems
from recsys.items.slate import ItemQuery, Ranking
from recsys.ladder import Reason, RungName, Step
from recsys.people import Person

SOURCE = "hyper"


@dataclass(frozen=True, slots=True)
class HyperItems:
    """The 1:1 model on past and live events; also for users that training has not seen.

    Attributes
    ----------
    one_to_one : OneToOneItems
        The very same model as rung 2.
    """

    one_to_one: OneToOneItems

    @property
    def name(self) -> RungName:
        """Which rung this is."""
        return RungName.HYPER

    def refusal(self, person: Person) -> Step | None:
        """Refuse users without an event since training on an item that the model knows."""
        if _live(person):
            return None
        return Step(self.name, Reason.NO_LIVE_EVENTS, "nothing known happened since training")

    def because(self, person: Person) -> str:
        """Return one sentence on what the answer stands on."""
        live, past = _live(person), len(person.past)
        return f"{live:,} event{'s' * (live > 1)} since training, after {past:,} before"

    def answer(self, person: Person, query: ItemQuery) -> Ranking | None:
        """Return the best allowed items at this moment; None when the events speak for none."""
        return self.one_to_one.now(person.past, person.live, query, at=person.at, source=SOURCE)


def _live(person: Person) -> int:
    return int((person.live.item_row >= 0).sum()) if len(person.live) else 0
