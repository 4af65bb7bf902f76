"""Asking the real ladder for held-out users, and how good its lists are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.data.interactions import NO_EVENTS, Interactions
from recsys.data.person import NO_SEGMENT, Person
from recsys.evaluation import metrics, split
from recsys.evaluation.estimate import Estimate, bootstrap_mean
from recsys.evaluation.split import Relevant
from recsys.items import slate
from recsys.items.filters import Rests
from recsys.items.slate import ItemQuery, Ranking, Repeats
from recsys.ladder import Ladder, RungName
from recsys.segments.table import SegmentTable
from training.items.popularity import critical_kind, kind_rests
from training.items.windows import Window

HISTORY_BUCKETS = ((0, 0), (1, 9), (10, 49), (50, None))
"""Distinct items known of a user before the cutoff, inclusive."""


@dataclass(frozen=True, slots=True)
class Judge:
    """What all lists are judged against, and how.

    Attributes
    ----------
    wanted : Relevant
        What the users took in the test window.
    before : Relevant
        What all users took before it, for telling repeats from new items.
    share : float64, shape (n_items,)
        Share of users who took each item before, above 0.
    available : bool, shape (n_items,)
        What may be recommended.
    kind : int
        The kind of event after which a user has had an item.
    rest : int64, shape (n_kinds,)
        See :class:`recsys.items.slate.ItemQuery`.
    config : Config
        Length of the lists, and how intervals are made.
    """

    wanted: Relevant
    before: Relevant
    share: NDArray[np.float64]
    available: NDArray[np.bool_]
    kind: int
    rest: Rests
    config: Config

    @classmethod
    def of(cls, held: Window, available: NDArray[np.bool_], config: Config) -> Judge:
        """Return the judge of a test window."""
        bought = held.before.of_kind(config.relevant_kind)
        before = split.relevant(bought, available)
        counts = np.bincount(before.item_row, minlength=len(available))
        return cls(
            wanted=held.wanted,
            before=before,
            share=(counts + 1) / (len(before) + 1),
            available=available,
            kind=critical_kind(held.before.kinds, config),
            rest=kind_rests(held.before.kinds, config),
            config=config,
        )

    def asking(self, wanted: Relevant) -> Judge:
        """Return the judge of other users, or of what they took at another time."""
        return replace(self, wanted=wanted)

    def fresh(self) -> Judge:
        """Return the judge of what was new to the users; who wanted nothing new has no figure."""
        repeat = _among(self.wanted, self.before, n_items=len(self.available))
        return replace(self, wanted=self.wanted.where(~repeat))

    def lists(
        self,
        ladder: Ladder[ItemQuery, Ranking],
        persons: Sequence[Person],
        *,
        repeats: Repeats = Repeats.ALLOW,
    ) -> NDArray[np.int32]:
        """Return the slates of `persons`, int32, shape (n, at_k), padded with ``NOBODY``."""
        k = self.config.items.at_k
        query = ItemQuery(k, self.available, repeats=repeats, kind=self.kind, rest=self.rest)
        lists = np.full((len(persons), k), metrics.NOBODY, np.int32)
        for place, person in enumerate(persons):
            answer = slate.fill(ladder, person, query, on_failure=_raise).answer
            rows = [item.item_row for item in answer.items] if answer else []
            lists[place, : len(rows)] = rows
        return lists

    def ndcg(self, lists: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return NDCG of each list, float64, shape (n,)."""
        hit = metrics.hits(lists, self.wanted.item_row, self.wanted.indptr)
        return metrics.ndcg(hit, self.wanted.counts)

    def estimate(self, figure: NDArray[np.float64]) -> Estimate | None:
        """Return the mean of a figure over the users that have it, with its interval."""
        training = self.config.training
        return bootstrap_mean(
            figure[~np.isnan(figure)],
            seed=training.seed,
            resamples=training.resamples,
            confidence=training.confidence,
        )

    def report(self, lists: NDArray[np.int32]) -> dict[str, Any]:
        """Return all figures of some lists, ready for JSON."""
        hit = metrics.hits(lists, self.wanted.item_row, self.wanted.indptr)
        counts, n_items = self.wanted.counts, int(self.available.sum())
        repeat = _among(self.wanted, self.before, n_items=len(self.available))
        head = self.head()[self.wanted.item_row]
        return {
            "ndcg": self.estimate(metrics.ndcg(hit, counts)),
            "recall": self.estimate(metrics.recall(hit, counts)),
            "reciprocal_rank": self.estimate(metrics.reciprocal_rank(hit)),
            "hit_rate": self.estimate(metrics.any_hit(hit)),
            "novelty_bits": self.estimate(metrics.novelty(lists, self.share)),
            "intra_list_similarity": self.estimate(self._alike(lists)),
            "coverage": metrics.coverage(lists, n_items=n_items),
            "gini": metrics.gini(lists, n_items=n_items),
            "repeats": self._slice(lists, self.wanted.where(repeat)),
            "new_items": self._slice(lists, self.wanted.where(~repeat)),
            "head": self._slice(lists, self.wanted.where(head)),
            "tail": self._slice(lists, self.wanted.where(~head)),
            "by_history": self._by_history(metrics.ndcg(hit, counts)),
        }

    def head(self) -> NDArray[np.bool_]:
        """Return the items that held a third of what was taken before, bool, shape (n_items,)."""
        return metrics.short_head(np.bincount(self.before.item_row, minlength=len(self.available)))

    def _alike(self, lists: NDArray[np.int32]) -> NDArray[np.float64]:
        taker, taken = self.before.pair_user, self.before.item_row
        return metrics.intra_list_similarity(lists, taker, taken, n_items=len(self.available))

    def _slice(self, lists: NDArray[np.int32], wanted: Relevant) -> dict[str, Any]:
        hit = metrics.hits(lists, wanted.item_row, wanted.indptr)
        return {
            "ndcg": self.estimate(metrics.ndcg(hit, wanted.counts)),
            "recall": self.estimate(metrics.recall(hit, wanted.counts)),
        }

    def _by_history(self, ndcg: NDArray[np.float64]) -> list[dict[str, Any]]:
        known = self.history_length()
        buckets = []
        for low, high in HISTORY_BUCKETS:
            inside = (known >= low) & (known <= (np.inf if high is None else high))
            estimate = self.estimate(ndcg[inside])
            buckets.append({"from": low, "to": high, "users": int(inside.sum()), "ndcg": estimate})
        return buckets

    def history_length(self) -> NDArray[np.int64]:
        """Return how many distinct items each judged user took before, int64, shape (n,)."""
        place = np.searchsorted(self.before.user_row, self.wanted.user_row)
        found = np.zeros(len(self.wanted), bool)
        inside = place < len(self.before)
        found[inside] = self.before.user_row[place[inside]] == self.wanted.user_row[inside]
        counts = np.zeros(len(self.wanted), np.int64)
        counts[found] = self.before.counts[place[found]]
        return counts


def trait_rows(trait: Sequence[str], segments: SegmentTable, config: Config) -> NDArray[np.int32]:
    """Return the segment row of each user's trait, int32, shape (n_users,)."""
    rows = {name: row for row, name in enumerate(segments.names)}
    names = (f"{config.segments.trait}:{value}" for value in trait)
    return np.array([rows.get(name, NO_SEGMENT) for name in names], np.int32)


def persons(
    rows: NDArray[np.int32],
    before: Interactions,
    segments: SegmentTable,
    trait: NDArray[np.int32],
    *,
    at: int | NDArray[np.int64],
    live: Interactions | None = None,
) -> list[Person]:
    """Gather users as serving would have found them at the cutoff, or after some live events.

    Parameters
    ----------
    rows : int32, shape (n,)
        The users.
    before : Interactions
        What the models were trained on.
    segments : SegmentTable
        As of the cutoff.
    trait : int32, shape (n_users,)
        Segment row of each user's trait.
    at : int or int64, shape (n_users,)
        When they are asked: all at the cutoff, or each at a time of their own.
    live : Interactions or None
        What happened since.
    """
    gathered = []
    asked_at = np.broadcast_to(at, len(before.users))
    for row in rows.tolist():
        past = before.of_user(row)
        recent = live.of_user(row) if live is not None else NO_EVENTS
        known = row if len(past) else None
        gathered.append(
            Person(
                user_id=before.users[row],
                at=int(asked_at[row]),
                user_row=known,
                segment_row=segments.of_user(known, int(trait[row])),
                past=past,
                live=recent,
            )
        )
    return gathered


def _among(some: Relevant, others: Relevant, *, n_items: int) -> NDArray[np.bool_]:
    keys, known = (
        each.pair_user.astype(np.int64) * n_items + each.item_row for each in (some, others)
    )
    # Ascending as they are: nothing is to be sorted.
    place = known.searchsorted(keys)
    found: NDArray[np.bool_] = np.append(known, -1)[place] == keys
    return found


def _raise(rung: RungName, error: Exception) -> NoReturn:  # noqa: ARG001 - as the ladder calls it
    raise error
