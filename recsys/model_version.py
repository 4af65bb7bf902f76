"""From a user id to answers: gather the person, climb the ladder of each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from recsys.bundle import Bundle, Manifest
from recsys.channel.choice import ChannelChoice
from recsys.channel.models import ChannelQuery
from recsys.churn.models import ChurnQuery
from recsys.churn.risk import ChurnRisk
from recsys.climbs import Force
from recsys.data.ids import NO_ITEM
from recsys.data.interactions import NO_EVENTS, UserEvents
from recsys.data.kinds import RETURN_DAYS
from recsys.data.netting import TAKES_BACK, net_of_user
from recsys.data.person import (
    NO_CONTEXT,
    NO_SEGMENT,
    Context,
    LiveEvent,
    Person,
    PersonKind,
    Remembered,
)
from recsys.data.signals import NO_SIGNALS, UserSignals
from recsys.data.times import DAY, next_quarter
from recsys.errors import UnknownItem
from recsys.items import slate
from recsys.items.filters import CategoryCap, Rests, categories
from recsys.items.slate import ItemQuery, Ranking, Repeats, Slate
from recsys.ladder import (
    Climb,
    Course,
    Ladder,
    OnFailure,
    Question,
    Reason,
    RungName,
    Standing,
    Step,
)
from recsys.words import say

CART = "cart"


@dataclass(frozen=True, slots=True)
class Answering:
    """One model version, ready to answer.

    Attributes
    ----------
    version : str
        Name of the model version.
    profiling_default : bool
        Whether users who said nothing about profiling may be profiled.
    rest : Rests
        How long items leave the list after what was done with them.
    category : int32, shape (n_items,)
        See :class:`recsys.items.filters.CategoryCap`.
    """

    version: str
    bundle: Bundle
    manifest: Manifest
    profiling_default: bool
    trait: str
    rest: Rests
    category: NDArray[np.int32]
    items: Ladder[ItemQuery, Ranking]
    channel: Ladder[ChannelQuery, ChannelChoice]
    churn: Ladder[ChurnQuery, ChurnRisk]

    @classmethod
    def of(
        cls,
        version: str,
        bundle: Bundle,
        manifest: Manifest,
        *,
        profiling_default: bool,
        trait: str,
    ) -> Answering:
        """Build the three ladders of a bundle; `trait` names the trait that makes segments."""
        verdicts = manifest.verdicts
        return cls(
            version=version,
            bundle=bundle,
            manifest=manifest,
            profiling_default=profiling_default,
            trait=trait,
            rest=_rests(bundle.interactions.kinds, manifest.config.get("kinds", {})),
            category=categories(bundle.catalogue.category),
            items=bundle.items.ladder(verdicts[Question.ITEMS]),
            channel=bundle.channel.ladder(verdicts[Question.CHANNEL]),
            churn=bundle.churn.ladder(verdicts[Question.CHURN]),
        )

    def person(
        self, user_id: str, remembered: Remembered, *, at: int, context: Context = NO_CONTEXT
    ) -> Person:
        """Gather all that a rung may look at; without consent to profiling, only the context.

        The user's own time zone stands in where the request names none.
        """
        if not context.timezone and "timezone" in remembered.traits:
            context = structs.replace(context, timezone=remembered.traits["timezone"])
        table = self.bundle.segments
        trait = context.trait or remembered.traits.get(self.trait, "")
        trait_row = table.row(f"{self.trait}:{trait}") if trait else NO_SEGMENT
        said, merged = remembered.profiling, bool(remembered.known_as or remembered.former_ids)
        if not (self.profiling_default if said is None else said):
            return Person(
                user_id,
                at,
                profiling=False,
                readable=remembered.readable,
                segment_row=trait_row,
                channels=remembered.channels,
                messages=remembered.messages,
                context=context,
                traits=remembered.traits,
                known_as=remembered.known_as,
                merged=merged,
            )
        rows = self._rows(user_id, remembered)
        row = rows[0] if rows else None
        past, live, given_back = self._netted(rows, (*remembered.live, *in_cart(context, at=at)))
        return Person(
            user_id,
            at,
            user_row=row,
            segment_row=table.of_user(row, trait_row),
            channels=remembered.channels,
            past=past,
            live=live,
            given_back=given_back,
            messages=remembered.messages,
            reactions=remembered.reactions,
            context=context,
            traits=remembered.traits,
            known_as=remembered.known_as,
            merged=merged,
            signals=UserSignals.of(remembered.signals) if remembered.signals else NO_SIGNALS,
        )

    def recommend(
        self,
        person: Person,
        query: ItemQuery,
        *,
        on_failure: OnFailure,
        force: RungName | Course | None = None,
    ) -> Climb[Slate]:
        """Answer which items, in which order."""
        return slate.fill(self.items, person, query, on_failure=on_failure, force=force)

    def recommend_all(
        self,
        people: Sequence[Person],
        query: ItemQuery,
        *,
        on_failure: OnFailure,
        forces: Sequence[Force],
    ) -> list[Climb[Slate]]:
        """Answer :meth:`recommend` about many, for less than one by one."""
        return slate.fill_all(self.items, people, query, on_failure=on_failure, forces=forces)

    def listed_until(self, person: Person, *, live_for: int = 0) -> int:
        """Return the first instant at which time alone may change the items of :meth:`recommend`.

        Events since training fade as it passes, which is let pass for `live_for` microseconds. The
        end of a session, of an item's rest or of a part of the day is not.
        """
        at, models = person.at, self.bundle.items
        ends = [self.rest.until(e, at=at) for e in (person.past, person.live, person.given_back)]
        if len(person.live):
            ends.append(at + live_for)
            if models.at_hand is not None:
                ends.append(models.at_hand.until(person.live, at=at))
            if models.context is not None:
                ends.append(next_quarter(at))
        return min(ends)

    def allowed(self, excluded: Sequence[str] = ()) -> NDArray[np.bool_]:
        """Return which items may be recommended, bool, shape (n_items,).

        Ids in `excluded` that the model does not know exclude nothing.
        """
        available = self.bundle.catalogue.available
        if not excluded:
            return available
        allowed = available.copy()
        rows = [self.bundle.interactions.items.row(item_id) for item_id in excluded]
        allowed[[row for row in rows if row is not None]] = False
        return allowed

    def query(
        self,
        limit: int,
        *,
        excluded: Sequence[str] = (),
        repeats: Repeats = Repeats.ALLOW,
        per_category: int | None = None,
    ) -> ItemQuery:
        """Return the query for `limit` items; repeats are of the kind relevant in training."""
        config = self.manifest.config
        taken = config.get("items", {}).get("relevant_kind") or config["churn"]["critical_kind"]
        kind = self.bundle.interactions.kinds.index(taken)
        cap = None if per_category is None else CategoryCap(per_category, self.category)
        allowed = self.allowed(excluded)
        return ItemQuery(limit, allowed, repeats=repeats, kind=kind, rest=self.rest, cap=cap)

    def item_row(self, item_id: str) -> int:
        """Return the row of an item.

        Raises
        ------
        UnknownItem
            The model has never seen it.
        """
        row = self.bundle.interactions.items.row(item_id)
        if row is None:
            raise UnknownItem(item_id)
        return row

    def declines_list(self, name: str) -> Step | None:
        """Return why a segment has no list of its own, but what is popular; None where it has one.

        A trait is all that is known of a new person. Of who is in any other segment more is known:
        it has a list where rung 1 serves anybody. Segments of taste take the place of those by RFM.
        """
        items = self.bundle.items.segment
        row, verdict = items.named(name), self.items.verdicts[items.name]
        family = name.partition(":")[0]
        if row == NO_SEGMENT or (family == "rfm" and items.tastes is not None):
            of = "rfm" if items.tastes is None else "taste"
            detail = say("items.unlisted_segment", of=of, trait=self.trait, segment=name)
            return Step(items.name, Reason.NO_SEGMENT, detail)
        if not items.members[row]:
            return Step(items.name, Reason.NO_SEGMENT, say("items.empty_segment", segment=name))
        if family == self.trait:
            shipped = verdict.standing(PersonKind.NEW) is Standing.SHIPPED
            why = verdict.said_of(PersonKind.NEW)
        else:
            shipped, why = verdict.shipped, verdict.said_of()
        return None if shipped else Step(items.name, Reason.NOT_SHIPPED, why)

    def _rows(self, user_id: str, remembered: Remembered) -> list[int]:
        """Return the rows of a user and the ids that became it, the one with most events first."""
        if remembered.erased or not remembered.modelled:
            return []
        table = self.bundle.interactions
        found = (
            table.users.row(i) for i in (remembered.known_as or user_id, *remembered.former_ids)
        )
        rows = [row for row in found if row is not None]
        return rows if len(rows) < 2 else sorted(rows, key=lambda row: -len(table.of_user(row).at))

    def _netted(
        self, rows: list[int], events: tuple[LiveEvent, ...]
    ) -> tuple[UserEvents, UserEvents, UserEvents]:
        """Return past and live events without what was taken back, and the returns that did it."""
        table = self.bundle.interactions
        past = table.of_user(rows[0]) if len(rows) == 1 else table.of_users(rows)[0]
        known = sorted((e for e in events if e.kind in table.kinds), key=lambda e: e.at)
        live = self._live(known)
        if not any(e.kind in TAKES_BACK for e in known):
            return past, live, NO_EVENTS
        both = table.of_users(rows)[1], np.array([e.order for e in known], np.int64)
        days = self.manifest.config.get("data", {}).get("return_days", RETURN_DAYS)
        return net_of_user(past, live, table.kinds, orders=both, within=int(days * DAY))

    def _live(self, known: list[LiveEvent]) -> UserEvents:
        if not known:
            return NO_EVENTS
        kinds, items = self.bundle.interactions.kinds, self.bundle.interactions.items
        rows = [NO_ITEM if e.item_id is None else items.row(e.item_id) for e in known]
        return UserEvents(
            item_row=np.array([NO_ITEM if row is None else row for row in rows], np.int32),
            kind=np.array([kinds.index(e.kind) for e in known], np.int8),
            at=np.array([e.at for e in known], np.int64),
            quantity=np.array([e.quantity for e in known], np.float32),
            value=np.array([e.value for e in known], np.float64),
        )


def in_cart(context: Context, *, at: int) -> tuple[LiveEvent, ...]:
    """Return what lies in the cart as events of right now."""
    return tuple(LiveEvent(item_id, CART, at, 1.0, 0.0) for item_id in context.cart)


def _rests(kinds: tuple[str, ...], config: Mapping[str, Mapping[str, float]]) -> Rests:
    hours = {kind: said["rest_hours"] for kind, said in config.items() if "rest_hours" in said}
    return Rests.of_kinds(kinds, hours)
