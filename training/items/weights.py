"""Weights of the ranker: learnt from what was held out, or those of a plain sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms import listwise, trees
from recsys.algorithms.threads import one_thread
from recsys.algorithms.trees import Trees, TreeSettings
from recsys.items.ranker import NEW, OWN, PAIR, STANDARD, Blend, Blended
from training.items.ranker_examples import N_ITEM, SPLIT, Fitted, ShownUsers, ndcg

RIDGE = 3e-3
FIRST = "weights, on top"
"""Of what was had before, by the same weights, whatever else is popular: how much is bought again
moves with the season, and what was learnt of the balance in one month misleads in another."""
BOTH = "taste and trees"
ON_TOP = 60.0
"""Above any score that the logarithms can add up to."""
LIFTS = (0.0, 0.5, 1.0, 2.0)
"""Added to what was had before, where that ranks better than the likelihood alone."""
TREE_SHARE = 0.3
"""Of the trees in the order that they and the 1:1 model make of what was had before."""
TREE_LIFTS = (-2.0, -1.0, 0.0, 1.0, 2.0, 4.0, ON_TOP)
"""The same for trees, from where the best of both kinds of items are level in most lists."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What makes a blend of parts; see :class:`training.items.ranker.BlendChoice`."""

    new: NDArray[np.float64]
    own: NDArray[np.float64]
    trees: Trees | None = None
    lift: float = 0.0
    tree_share: float = 1.0


def taste_alone() -> Learned:
    """Return the weights that leave the order of the 1:1 model."""
    new, own = np.zeros(SPLIT), np.zeros(N_ITEM + len(OWN))
    new[N_ITEM + PAIR.index("taste")] = own[N_ITEM + OWN.index("taste")] = 1.0
    return Learned(new, own)


def plain_sum(weights: Sequence[float]) -> Learned:
    """Return the sum of the standardised parts for new items, below all that was had before.

    Parameters
    ----------
    weights : sequence of float, length len(STANDARD)
        Of each part.
    """
    new = np.zeros(SPLIT)
    new[[N_ITEM + NEW.index(name) for name in STANDARD]] = weights
    return Learned(new, taste_first())


def scaled_sum(windows: Sequence[ShownUsers]) -> NDArray[np.float64]:
    """Return the plain sum that makes most likely what was held out, on its scale."""
    places = [N_ITEM + NEW.index(name) for name in STANDARD]
    x, had, chosen, starts = _stacked(windows)
    with one_thread("blas"):
        found = listwise.fit(x[:, places] * ~had[:, None], chosen & ~had, starts, ridge=RIDGE)
    total = np.zeros(SPLIT)
    total[places] = np.maximum(found, 0)
    return total


def between(learned: Learned, total: NDArray[np.float64], share: float) -> Learned:
    """Return weights between those of the sum and the learnt ones, for items that are new."""
    return replace(learned, new=share * learned.new + (1 - share) * total)


def taste_first() -> NDArray[np.float64]:
    """Return the weights that leave what was had before in the order of the taste, and on top."""
    weights = np.zeros(N_ITEM + len(OWN))
    weights[N_ITEM + OWN.index("taste")] = 1.0
    weights[N_ITEM + OWN.index("had before")] = ON_TOP
    return weights


def make_blend(learned: Learned, item: NDArray[np.float32], *, kind: int) -> Blend:
    """Return the blend of these weights with the item's own signals added up."""
    to_new, to_own = learned.new.astype(np.float32), learned.own.astype(np.float32)
    return Blend(
        new_item=to_new[:N_ITEM] @ item,
        own_item=to_own[:N_ITEM] @ item,
        new_weight=to_new[N_ITEM:],
        own_weight=to_own[N_ITEM:],
        kind=kind,
        item=item if learned.trees else item[:, :0],
        trees=learned.trees,
        lift=learned.lift,
        tree_share=learned.tree_share,
    )


def blended(fitted: Fitted, learned: Learned) -> Blended:
    """Return the ranker of some parts with these weights."""
    return Blended(fitted.parts, make_blend(learned, fitted.item, kind=fitted.kind))


def learn_weights(
    windows: Sequence[ShownUsers], own_by: Sequence[str], seed: int
) -> dict[str, Learned]:
    """Learn on some windows: one set of weights, and what ranks items had before by each name."""
    x, had, chosen, starts = _stacked(windows)
    with one_thread("blas"):
        weights = listwise.fit(x, chosen, starts, ridge=RIDGE, among=~had)
    new, own = weights[:SPLIT], weights[SPLIT:]
    found = {}
    if "weights" in own_by:
        lift = _best_lift(windows, [each.x @ weights for each in windows], LIFTS)
        found["weights"] = Learned(new, _lifted(own, lift))
    if FIRST in own_by:
        found[FIRST] = Learned(new, _lifted(own, ON_TOP))
    if "taste" in own_by:
        found["taste"] = Learned(new, taste_first())
    if "trees" in own_by or BOTH in own_by:
        fitted = trees.fit(x[had, SPLIT:], chosen[had], TreeSettings(), seed=seed)
        if "trees" in own_by:
            found["trees"] = _with_trees(windows, new, fitted)
        if BOTH in own_by:
            found[BOTH] = Learned(new, taste_first(), fitted, ON_TOP, TREE_SHARE)
    return found


def _lifted(own: NDArray[np.float64], lift: float) -> NDArray[np.float64]:
    lifted = own.copy()
    lifted[N_ITEM + OWN.index("had before")] += lift
    return lifted


def _stacked(
    windows: Sequence[ShownUsers],
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Return the features, had, chosen and starts of some windows, one after the other."""
    x = np.concatenate([each.x for each in windows])
    had = np.concatenate([each.had for each in windows])
    chosen = np.concatenate([each.chosen for each in windows])
    offsets = np.cumsum([0, *(len(each.x) for each in windows[:-1])])
    starts = np.concatenate(
        [each.starts + offset for each, offset in zip(windows, offsets, strict=True)]
    )
    return x, had, chosen, starts


def _with_trees(windows: Sequence[ShownUsers], new: NDArray[np.float64], fitted: Trees) -> Learned:
    """Bring the trees to the scale of the new items' scores."""
    scores, gaps = [], []
    for each in windows:
        score = each.x[:, :SPLIT] @ new
        score[each.had] = fitted.score(each.x[each.had, SPLIT:].T.astype(np.float32))
        best = [
            np.maximum.reduceat(np.where(which, score, -np.inf), each.starts)
            for which in (~each.had, each.had)
        ]
        gap = best[0] - best[1]
        gaps.append(gap[np.isfinite(gap)])
        scores.append(score)
    level = float(np.median(np.concatenate(gaps))) if any(map(len, gaps)) else 0.0
    lift = _best_lift(windows, scores, tuple(level + each for each in TREE_LIFTS))
    return Learned(new, taste_first(), fitted, lift)


def _best_lift(
    windows: Sequence[ShownUsers], scores: Sequence[NDArray[np.float64]], lifts: Sequence[float]
) -> float:
    """Return what is best added to the scores of what was had before."""
    figures = [
        np.concatenate(
            [
                ndcg(each, score + lift * each.had)
                for each, score in zip(windows, scores, strict=True)
            ]
        ).mean()
        for lift in lifts
    ]
    return lifts[int(np.argmax(figures))]
