"""Who belongs to a cohort, and which leaf of its rule decided: one evaluator for all.

A batch is a crowd of many, a request a crowd of one. Of `all` the first leaf that is not so
decides, of `any` the first that is; where none is, the last one does. So `not all` and `any not`
agree in their leaves too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalogue import Catalogue
from recsys.data.ids import NO_ITEM, IdMap
from recsys.data.times import DAY
from recsys.segments.conditions import COMPARE, numbers_are, texts_are
from recsys.segments.groups import OF_TASTE, Groups, Memberships
from recsys.segments.rule import (
    TEXT_PROPS,
    Condition,
    EventMatch,
    Happened,
    InSegment,
    Negation,
    Node,
    Rule,
    RuleBounds,
    RuleLeaf,
    Score,
    Sequence,
    Trait,
)
from recsys.segments.snapshot import Crowd

NO_LEAF = -1

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CohortDecision:
    """Who is in.

    Attributes
    ----------
    inside : bool, shape (n_users,)
        Who belongs.
    leaf : int16, shape (n_users,)
        Index of the leaf that decided, either way; ``NO_LEAF`` for users who denied the profiling
        that the rule needs: they belong to no such cohort.
    """

    inside: Bools
    leaf: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a rule may look up beyond the events of a crowd.

    Attributes
    ----------
    kinds : tuple of str
        What the kind numbers mean.
    items : IdMap
        What the item rows mean.
    catalogue : Catalogue
        Facts about items.
    groups : Groups
        The segments there are.
    score : callable
        Returns a score by name, float64, shape (n_users,); NaN where there is none.
    taste : callable
        Returns who is in a segment of taste, bool, shape (n_users,); nobody is in none.
    """

    kinds: tuple[str, ...]
    items: IdMap
    catalogue: Catalogue
    groups: Groups
    score: Callable[[str], NDArray[np.float64]]
    taste: Callable[[str], NDArray[np.bool_]]


def decide(rule: Rule, crowd: Crowd, lookup: Lookup) -> CohortDecision:
    """Return who of a crowd belongs to the cohort of a rule, as of the crowd's instant.

    A kind, a segment or a score that does not exist is so of nobody.
    """
    inside, leaf = _Evaluation(crowd, lookup).node(rule.root)
    if rule.profiles:
        inside, leaf = inside & crowd.profiled, np.where(crowd.profiled, leaf, NO_LEAF)
    return CohortDecision(inside, leaf.astype(np.int16))


@dataclass
class _Evaluation:
    crowd: Crowd
    lookup: Lookup
    _found: list[Memberships] = field(default_factory=list)

    def node(self, node: Node) -> tuple[Bools, NDArray[np.int64]]:
        if isinstance(node, RuleLeaf):
            return self.leaf(node), np.full(len(self.crowd), node.index)
        if isinstance(node, Negation):
            inside, leaf = self.node(node.part)
            return ~inside, leaf
        open_still = np.ones(len(self.crowd), bool)
        leaf = np.full(len(self.crowd), NO_LEAF)
        for part in node.parts:
            inside, own = self.node(part)
            leaf = np.where(open_still, own, leaf)
            open_still &= inside if node.every else ~inside
        return (open_still if node.every else ~open_still), leaf

    def leaf(self, leaf: RuleLeaf) -> Bools:
        says = leaf.says
        if isinstance(says, Happened):
            return self.happened(says)
        if isinstance(says, Sequence):
            return self.followed(says)
        if isinstance(says, InSegment):
            return self.in_segment(says)
        if isinstance(says, Score):
            return numbers_are(says.condition, self.lookup.score(says.condition.what))
        return self.said(says)

    def happened(self, says: Happened) -> Bools:
        rows = np.flatnonzero(self.matching(says.step, says.within_days))
        owner = self.crowd.user_row[rows]
        count = np.bincount(owner, minlength=len(self.crowd))
        money = np.bincount(owner, self.crowd.events.value[rows], minlength=len(self.crowd))
        if says.count is None and says.value is None:
            return count > 0
        return _within(count, says.count) & _within(money, says.value)

    def followed(self, says: Sequence) -> Bools:
        """Say who did all steps: for each event, where the latest chain that ends by it began."""
        events, indptr = self.crowd.events, self.crowd.indptr
        row = np.arange(len(events))
        began = row
        first_of_user = np.repeat(indptr[:-1], np.diff(indptr))
        for number, step in enumerate(says.steps):
            fits = self.matching(step, says.within_days)
            if number:
                began = np.append(NO_ITEM, began[:-1])[: len(events)]
            # a chain that began before this user's first event is another user's
            own = fits & (began >= first_of_user)
            chain = np.where(own, began, -1)
            began = np.maximum.accumulate(chain) if len(chain) else chain
        done = chain >= 0
        span = events.at[done] - events.at[chain[done]]
        whole = np.flatnonzero(done)[span <= says.span_days * DAY]
        return np.bincount(self.crowd.user_row[whole], minlength=len(self.crowd)) > 0

    def matching(self, step: EventMatch, within_days: float) -> Bools:
        events, kinds = self.crowd.events, self.lookup.kinds
        kind = kinds.index(step.kind) if step.kind in kinds else -1
        fits: Bools = (events.kind == kind) & (events.at > self.crowd.at - within_days * DAY)
        for condition in step.where:
            fits = fits & self.so(condition)
        return fits

    def so(self, condition: Condition) -> Bools:
        """Return of which events a condition holds."""
        events, catalogue = self.crowd.events, self.lookup.catalogue
        if condition.what == "quantity":
            return numbers_are(condition, events.quantity.astype(np.float64))
        if condition.what == "value":
            return numbers_are(condition, events.value)
        of_an_item = events.item_row != NO_ITEM
        rows, item_place = np.unique(np.where(of_an_item, events.item_row, 0), return_inverse=True)
        if not len(catalogue):
            return np.zeros(len(events), bool)
        if condition.what in TEXT_PROPS:
            of_items = texts_are(
                condition, [self.text(condition.what, row) for row in rows.tolist()]
            )
        else:
            of_items = numbers_are(condition, catalogue.price[rows].astype(np.float64))
        so: Bools = of_items[item_place] & of_an_item
        return so

    def text(self, prop: str, row: int) -> str:
        if prop == "item_id":
            return self.lookup.items[row]
        value: str = getattr(self.lookup.catalogue, prop)[row]
        return value

    def said(self, says: Trait) -> Bools:
        condition = says.condition
        return texts_are(
            condition, [traits.get(condition.what, "") for traits in self.crowd.traits]
        )

    def in_segment(self, says: InSegment) -> Bools:
        if says.name.startswith(OF_TASTE):
            return self.lookup.taste(says.name)
        if not self._found:
            self._found.append(self.lookup.groups.memberships(self.crowd))
        return self.lookup.groups.inside(says.name, self.crowd, self._found[0])


def _within(figures: NDArray[Any], bounds: RuleBounds | None) -> Bools:
    inside = np.ones(len(figures), bool)
    for op, value in bounds.bounds if bounds else ():
        inside &= COMPARE[op](figures, value)
    return inside
