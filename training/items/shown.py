"""What the learner of the blend is shown of a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recsys.algorithms.topk import top_k
from recsys.config import Config
from recsys.evaluation import metrics
from recsys.evaluation.split import Relevant
from recsys.events import DAY, Interactions
from recsys.items.blend import OWN, PAIR, own
from training.data import TrainingData
from training.items.parts import N_ITEM, Fitted, PartSettings, fit_parts
from training.items.windows import Window, window

SPLIT = N_ITEM + len(PAIR)
"""What is said of new items comes first, then what is said of those had before."""
MOST_USERS = 500
"""Users a window, drawn by the seed."""
CANDIDATES = (100, 75, 50)
"""New items shown to the learner: the best of the taste, of the factors, of popularity."""
MOST_OWN = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """Some users of a window: what the learner sees of them, and how it is judged.

    Attributes
    ----------
    fitted : Fitted
        The parts, and what they were fitted on: `before`.
    before : Interactions
        All before the window.
    wanted : Relevant
        What these users took in it.
    x : float64, shape (n, n_features)
        The items shown, one user after the other.
    had, chosen : bool, shape (n,)
        Whether the user had the item before, and took it in the window.
    starts : int64, shape (n_users,)
        Where each user's items start.
    item_row : int32, shape (n,)
        The items.
    k : int
        Length of the lists that are judged.
    """

    fitted: Fitted
    before: Interactions
    wanted: Relevant
    x: NDArray[np.float64]
    had: NDArray[np.bool_]
    chosen: NDArray[np.bool_]
    starts: NDArray[np.int64]
    item_row: NDArray[np.int32]
    k: int


def shown(held: Window, fitted: Fitted, config: Config) -> Shown | None:
    """Show a window with parts fitted before it; None with fewer than two users to learn from."""
    known = np.diff(held.before.indptr)[held.wanted.user_row] >= config.items.min_history
    users = np.flatnonzero(known)
    if len(users) < 2:
        return None
    drawn = np.random.default_rng(config.training.seed).permutation(users)[:MOST_USERS]
    wanted = held.wanted.of(np.sort(drawn))
    popular = np.argsort(-fitted.item[1], kind="stable").astype(np.int32)
    with threadpool_limits(1, "blas"):
        lists = [_list(fitted, held.before, user, popular) for user in wanted.user_row.tolist()]
    sizes = np.array([len(rows) for rows, _, _ in lists])
    owner = np.repeat(np.arange(len(lists)), sizes)
    item_row = np.concatenate([rows for rows, _, _ in lists])
    width = fitted.item.shape[1]
    taken = np.repeat(np.arange(len(lists)), wanted.counts) * width + wanted.item_row
    return Shown(
        fitted=fitted,
        before=held.before,
        wanted=wanted,
        x=np.concatenate([x for _, x, _ in lists]),
        had=np.concatenate([had for _, _, had in lists]),
        chosen=np.isin(owner * width + item_row, taken),
        starts=np.cumsum(sizes) - sizes,
        item_row=item_row,
        k=config.items.at_k,
    )


def before(
    data: TrainingData,
    settings: PartSettings,
    config: Config,
    *,
    progress: Callable[[str], None],
) -> list[Shown]:
    """Show the two windows before the last, latest first, with parts fitted before each.

    Windows with fewer than two users to learn from are left out.
    """
    found = []
    for lag in (1, 2):
        progress(f"the blend: parts as of {lag + 1} windows ago")
        held = earlier(data, config, lag)
        fitted = fit_parts(held.before, held.available, settings, config, at=held.cutoff)
        if (each := shown(held, fitted, config)) is not None:
            found.append(each)
    return found


def earlier(data: TrainingData, config: Config, lag: int) -> Window:
    """Return the window so many before the last one, 0 for the last itself."""
    end = data.interactions.end - lag * config.items.test_days * DAY
    shorter = data.before(end)
    return window(shorter, config, end=end)


def ndcg(seen: Shown, score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the NDCG of each user over the items that the learner saw."""
    ends = np.append(seen.starts[1:], len(score))
    lists = np.full((len(ends), seen.k), metrics.NOBODY, np.int32)
    for place, (start, end) in enumerate(zip(seen.starts, ends, strict=True)):
        best = top_k(score[start:end].astype(np.float32), seen.k)
        lists[place, : len(best)] = seen.item_row[start:end][best]
    hit = metrics.hits(lists, seen.wanted.item_row, seen.wanted.indptr)
    return metrics.ndcg(hit, seen.wanted.counts)


def _list(
    fitted: Fitted, before: Interactions, user: int, popular: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the items one user is shown, what is said of them, and which were had before."""
    history, had = fitted.of_user(before, user)
    pair = fitted.parts.pair(history)
    barred = fitted.parts.taste.demand == 0
    mine = np.flatnonzero(~barred[had.item_row])
    mine = mine[np.argsort(-had.recent[mine, -1], kind="stable")[:MOST_OWN]]
    unseen = ~barred
    unseen[had.item_row] = False
    by_taste, by_factors, by_all = CANDIDATES
    best = [
        top_k(np.where(unseen, pair[row], np.float32(-np.inf)), depth)
        for row, depth in ((PAIR.index("taste"), by_taste), (PAIR.index("factors"), by_factors))
    ]
    head = popular[: by_all + len(had)]
    new = np.unique(np.concatenate([*best, head[unseen[head]][:by_all]]))
    owned = had.item_row[mine]
    x = np.zeros((len(new) + len(owned), 2 * N_ITEM + len(PAIR) + len(OWN)))
    x[: len(new), :N_ITEM], x[: len(new), N_ITEM:SPLIT] = fitted.item[:, new].T, pair[:, new].T
    x[len(new) :, SPLIT : SPLIT + N_ITEM] = fitted.item[:, owned].T
    x[len(new) :, SPLIT + N_ITEM :] = own(pair, had)[:, mine].T
    return np.concatenate([new, owned]), x, np.arange(len(x)) >= len(new)
