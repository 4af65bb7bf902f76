"""Learning the blend: on windows after what its parts were fitted on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recsys.algorithms import listwise, trees
from recsys.algorithms.als import AlsSettings
from recsys.algorithms.topk import top_k
from recsys.algorithms.trees import Trees, TreeSettings
from recsys.config import Config
from recsys.data.times import moment
from recsys.evaluation import metrics
from recsys.evaluation.split import Relevant
from recsys.items.ranker import OWN, Blend, Blended
from training.data import TrainingData
from training.items.ranker_examples import (
    N_ITEM,
    SPLIT,
    Fitted,
    PartSettings,
    Shown,
    before,
    ndcg,
    shown,
)
from training.items.windows import validation_window
from training.measurement import clearly_above

OWN_BY = ("weights", "taste", "trees")
RIDGE = 3e-3
ON_TOP = 60.0
"""Above any score that the logarithms can add up to."""
LIFTS = (0.0, 0.5, 1.0, 2.0)
"""Added to what was had before, where that ranks better than the likelihood alone."""
TREE_LIFTS = (-2.0, -1.0, 0.0, 1.0, 2.0, 4.0, ON_TOP)
"""The same for trees, from where the best of both kinds of items are level in most lists."""


@dataclass(frozen=True, slots=True)
class BlendChoice:
    """The learned weights, and what they are worth on validation data.

    Attributes
    ----------
    factors : AlsSettings
        Of the factorisation that the blend listens to.
    on_factors : bool
        Whether the taste stands on it too.
    new : tuple of float
        Weights of the item's own signals, then of ``PAIR``, for items new to the user.
    own : tuple of float
        Of the item's own signals, then of ``OWN``, for items had before.
    own_by : str
        What ranked items had before best: ``weights``; ``trees``; or ``taste``, the 1:1 model,
        whose order they then keep, above the new ones.
    trees : Trees or None
        Where they did.
    lift : float
        See :class:`recsys.items.ranker.Blend`.
    ndcg, ndcg_new : float
        Mean over validation users, of weights learned before that window: all items, and lists
        of items new to the user.
    part_ndcg, part_ndcg_new : float
        The same of its best part, the 1:1 model.
    """

    factors: AlsSettings
    on_factors: bool
    new: tuple[float, ...]
    own: tuple[float, ...]
    own_by: str
    trees: Trees | None
    lift: float
    ndcg: float
    ndcg_new: float
    part_ndcg: float
    part_ndcg_new: float

    @property
    def learned(self) -> Learned:
        """What was learned, as arrays."""
        return Learned(np.array(self.new), np.array(self.own), self.trees, self.lift)


@dataclass(frozen=True, slots=True)
class Learned:
    """What makes a blend of parts; see :class:`BlendChoice`."""

    new: NDArray[np.float64]
    own: NDArray[np.float64]
    trees: Trees | None = None
    lift: float = 0.0


def learn(
    data: TrainingData,
    settings: PartSettings,
    latest: Fitted,
    config: Config,
    *,
    progress: Callable[[str], None],
) -> BlendChoice | str:
    """Learn the blend where it beats its best part; why there is none where it does not.

    The parts are fitted before a window and the weights learned on what users took in it. First
    on the two windows before the validation window, which then says whether the blend serves, and
    what ranks items had before; if it does, all is learned again on the two last windows,
    validation included.

    Parameters
    ----------
    data : TrainingData
        Must not hold what the choice will be judged on.
    settings : PartSettings
        Chosen on the last window of these data.
    latest : Fitted
        The parts by these settings, fitted on what was before that window.
    config : Config
        Length of a window and of the lists, the seed, and what counts.
    progress : callable
        Told in words what is being done.
    """
    held = validation_window(data, config)
    few = f"fewer than two users with {config.items.min_history} items took anything in"
    validation = shown(held, latest, config)
    if validation is None:
        return f"{few} the validation window, from {moment(held.cutoff):%Y-%m-%d} on"
    earlier = before(data, settings, config, progress=progress)
    if not earlier:
        return f"{few} a window before {moment(held.cutoff):%Y-%m-%d}: the data begin too late"
    progress("the blend: weights")
    part = _judged(validation, None)
    tried = {
        name: _judged(validation, learned)
        for name, learned in _learned(earlier, OWN_BY, config.training.seed).items()
    }
    own_by = _best(tried, config)
    blend = tried[own_by]
    if blend.mean <= part.mean:
        return f"NDCG {blend.mean:.4f} of the blend is not above {part.mean:.4f} of its best part"
    if blend.mean_new < part.mean_new:
        figures = f"NDCG {blend.mean_new:.4f} of the blend is below {part.mean_new:.4f}"
        return f"{figures} of its best part, on items new to the user"
    latest_windows = [validation, earlier[0]]
    learned = _learned(latest_windows, (own_by,), config.training.seed)[own_by]
    return BlendChoice(
        factors=settings.factors,
        on_factors=settings.on_factors,
        new=tuple(learned.new.tolist()),
        own=tuple(learned.own.tolist()),
        own_by=own_by,
        trees=learned.trees,
        lift=learned.lift,
        ndcg=blend.mean,
        ndcg_new=blend.mean_new,
        part_ndcg=part.mean,
        part_ndcg_new=part.mean_new,
    )


def _best(tried: Mapping[str, _Judged], config: Config) -> str:
    """Return what ranks items had before; trees, which can learn anything, only if clearly best."""
    plain = max(("weights", "taste"), key=lambda name: (tried[name].mean, tried[name].mean_new))
    clear = clearly_above(tried["trees"].every, tried[plain].every, config.training)
    return "trees" if clear else plain


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
    )


def blended(fitted: Fitted, learned: Learned) -> Blended:
    """Return the ranker of some parts with these weights."""
    return Blended(fitted.parts, make_blend(learned, fitted.item, kind=fitted.kind))


def _learned(windows: Sequence[Shown], own_by: Sequence[str], seed: int) -> dict[str, Learned]:
    """Learn on some windows: one set of weights, and what ranks items had before by each name."""
    x = np.concatenate([each.x for each in windows])
    had = np.concatenate([each.had for each in windows])
    chosen = np.concatenate([each.chosen for each in windows])
    offsets = np.cumsum([0, *(len(each.x) for each in windows[:-1])])
    starts = np.concatenate(
        [each.starts + offset for each, offset in zip(windows, offsets, strict=True)]
    )
    with threadpool_limits(1, "blas"):
        weights = listwise.fit(x, chosen, starts, ridge=RIDGE, among=~had)
    new, own = weights[:SPLIT], weights[SPLIT:].copy()
    found = {}
    if "weights" in own_by:
        own[-1] += _best_lift(windows, [each.x @ weights for each in windows], LIFTS)
        found["weights"] = Learned(new, own)
    if "taste" in own_by:
        found["taste"] = Learned(new, taste_first())
    if "trees" in own_by:
        fitted = trees.fit(x[had, SPLIT:], chosen[had], TreeSettings(), seed=seed)
        found["trees"] = _with_trees(windows, new, fitted)
    return found


def _with_trees(windows: Sequence[Shown], new: NDArray[np.float64], fitted: Trees) -> Learned:
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
    windows: Sequence[Shown], scores: Sequence[NDArray[np.float64]], lifts: Sequence[float]
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


@dataclass(frozen=True, slots=True)
class _Judged:
    """NDCG of each user over all items, and of lists of new ones; NaN where nothing is wanted."""

    every: NDArray[np.float64]
    new: NDArray[np.float64]

    @property
    def mean(self) -> float:
        return _mean(self.every)

    @property
    def mean_new(self) -> float:
        return _mean(self.new)


def _judged(seen: Shown, learned: Learned | None) -> _Judged:
    """Judge the blend, or the taste without one."""
    fitted = seen.fitted
    n_items = fitted.item.shape[1]
    ranker = None if learned is None else blended(fitted, learned)
    lists = np.full((2, len(seen.wanted), seen.k), metrics.NOBODY, np.int32)
    old = np.zeros(len(seen.wanted.item_row), bool)
    with threadpool_limits(1, "blas"):
        for place, user in enumerate(seen.wanted.user_row.tolist()):
            history, had = fitted.of_user(seen.before, user)
            score = (
                fitted.parts.taste.score(history) if ranker is None else ranker.score(history, had)
            )
            score[fitted.parts.taste.demand == 0] = -np.inf
            unseen = np.ones(n_items, bool)
            unseen[had.item_row] = False
            asked = (score, np.where(unseen, score, np.float32(-np.inf)))
            for each, row in zip(lists, asked, strict=True):
                best = top_k(row, seen.k)
                each[place, : len(best)] = best
            own_pairs = slice(seen.wanted.indptr[place], seen.wanted.indptr[place + 1])
            old[own_pairs] = ~unseen[seen.wanted.item_row[own_pairs]]
    every, fresh = seen.wanted, seen.wanted.where(~old)
    return _Judged(_ndcg(lists[0], every), _ndcg(lists[1], fresh))


def _ndcg(lists: NDArray[np.int32], wanted: Relevant) -> NDArray[np.float64]:
    return metrics.ndcg(metrics.hits(lists, wanted.item_row, wanted.indptr), wanted.counts)


def _mean(figure: NDArray[np.float64]) -> float:
    known = figure[~np.isnan(figure)]
    return float(known.mean()) if len(known) else 0.0
