"""Rung 3: rung 2 at this moment: the events since training, the session and the context."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import NO_EVENTS
from recsys.data.person import Person
from recsys.items.context_lift import ContextLift
from recsys.items.one_to_one import OneToOneItems
from recsys.items.session import AtHand
from recsys.items.slate import ItemQuery, Ranking
from recsys.ladder import Reason, RungName, Step
from recsys.words import once, say

SOURCE = "hyper"


@dataclass(frozen=True, slots=True)
class HyperItems:
    """The 1:1 model on past and live events; also for users that training has not seen.

    Attributes
    ----------
    one_to_one : OneToOneItems
        The very same model as rung 2.
    at_hand : AtHand or None
        What comes next in the session at hand, where that was learned and won.
    context : ContextLift or None
        What is taken on such an occasion, where that was learned and won.
    """

    one_to_one: OneToOneItems
    at_hand: AtHand | None = None
    context: ContextLift | None = None

    @property
    def name(self) -> RungName:
        """Which rung this is."""
        return RungName.HYPER

    def declines(self, person: Person) -> Step | None:
        """Refuse users without an event since training on an item that the model knows."""
        if _live(person):
            return None
        return Step(self.name, Reason.NO_LIVE_EVENTS, once("items.nothing_since"))

    def because(self, person: Person) -> str:
        """Return one sentence on what the answer stands on."""
        cart, past = len(person.context.cart), len(person.past)
        live, session = max(_live(person) - cart, 0), len(self._clicks(person))
        more = {name: n for name, n in (("session", session), ("cart", cart)) if n}
        return say("_".join(("items.live", *more)), n=live, past=past, **more)

    def answer(self, person: Person, query: ItemQuery) -> Ranking | None:
        """Return the best allowed items at this moment; None when the events speak for none."""
        clicks, model, at = self._clicks(person), self.one_to_one, person.at
        lift = None
        if self.context is not None:
            lift = self.context.of(person.context, at=at, in_session=len(clicks) > 0)
        if self.at_hand is None or not len(clicks):
            return model.now(person.past, person.live, query, at=at, source=SOURCE, lift=lift)
        score = model.score(person.past, person.live, at=at)
        return self.at_hand.rank(clicks, score, query.allowed, query.limit, lift)

    def _clicks(self, person: Person) -> NDArray[np.int32]:
        if self.at_hand is None:
            return NO_EVENTS.item_row
        return self.at_hand.clicks(person.live, at=person.at)


def _live(person: Person) -> int:
    return int(np.count_nonzero(person.live.item_row >= 0)) if len(person.live) else 0
