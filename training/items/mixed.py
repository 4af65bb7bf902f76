"""Mixed lists: how many places for what is new to the person, by the money of held-out orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.evaluation import metrics
from recsys.items.slate import Repeats
from training.items.hearing import Hearing, Lists
from training.items.judge import Judge

SHARES = (0.0, 0.25, 0.5, 1.0)
"""Of a list: places that are kept for what the person never had."""

Rows = NDArray[np.int32]


def judged(hearing: Hearing, served: Lists, held_out: Interactions) -> dict[str, Any]:
    """Compare the served lists with such as keep some last places for new items.

    Parameters
    ----------
    hearing : Hearing
        Users as of the cutoff.
    served : Ladder
        As verdicts have it.
    held_out : Interactions
        What happened in the window: what an item that was taken was worth.

    Returns
    -------
    dict
        Ready for JSON. ``places``: the number that earns most, 0 unless one clearly earns more than
        leaving it to the ranking. ``tried``: for each number, the share of the money of the users'
        orders that the list holds, its gain over 0 places, and accuracy, coverage, novelty and
        likeness of the lists.
    """
    judge, k = hearing.judge, hearing.judge.config.items.at_k
    worth = _worth(judge, held_out)
    full, new = hearing.lists(served), hearing.lists(served, repeats=Repeats.EXCLUDE)
    had = _had(judge, full)
    plain = _earned(judge, full, worth)
    tried, best, best_gain = list[Mapping[str, Any]](), 0, 0.0
    for places in sorted({round(share * k) for share in SHARES}):
        lists = _mixed(full, new, had, places)
        earned = _earned(judge, lists, worth)
        gain = judge.estimate(earned - plain)
        tried.append(
            {"places": places, "value": judge.estimate(earned), "gain": gain, **_like(judge, lists)}
        )
        if gain is not None and gain.clearly_above and gain.value > best_gain:
            best, best_gain = places, gain.value
    return {"places": best, "tried": tried}


def _like(judge: Judge, lists: Rows) -> dict[str, Any]:
    told, wanted = judge.report(lists), ("ndcg", "novelty_bits", "intra_list_similarity")
    return {
        **{name: told[name] for name in wanted},
        "coverage": told["coverage"],
        "new_items_ndcg": told["new_items"]["ndcg"],
    }


def _mixed(full: Rows, new: Rows, had: NDArray[np.bool_], places: int) -> Rows:
    """Return lists of which at least so many places go to items never had: the last, if need be."""
    mixed = full.copy()
    for row in range(len(full)):
        short = places - int(np.count_nonzero(~had[row] & (full[row] != metrics.NOBODY)))
        more = new[row][(new[row] != metrics.NOBODY) & ~np.isin(new[row], full[row])][
            : max(short, 0)
        ]
        if not len(more):
            continue
        out = np.flatnonzero(had[row])[-len(more) :]
        kept = np.delete(full[row], out)
        mixed[row] = np.concatenate([kept, more])
    return mixed


def _had(judge: Judge, lists: Rows) -> NDArray[np.bool_]:
    """Return which places hold what the user took before, bool, shape (n, k)."""
    n_items = len(judge.available)
    before = judge.before.pair_user.astype(np.int64) * n_items + judge.before.item_row
    keys = judge.wanted.user_row[:, None].astype(np.int64) * n_items + lists
    had: NDArray[np.bool_] = np.isin(keys, before) & (lists != metrics.NOBODY)
    return had


def _worth(judge: Judge, held_out: Interactions) -> NDArray[np.float64]:
    """Return the share of each user's money that each wanted item is, shape (n_pairs,)."""
    n_items, wanted = len(judge.available), judge.wanted
    bought = held_out.of_kind(judge.config.relevant_kind)
    key = wanted.pair_user.astype(np.int64) * n_items + wanted.item_row
    found = np.searchsorted(
        key, own := bought.user_row.astype(np.int64) * n_items + bought.item_row
    )
    found = np.minimum(found, max(len(key) - 1, 0))
    hit = (bought.item_row >= 0) & (key[found] == own) if len(key) else np.zeros(len(own), bool)
    money = np.bincount(found[hit], np.maximum(bought.value[hit], 0), minlength=len(key))
    total = np.add.reduceat(money, wanted.indptr[:-1]) if len(wanted) else np.empty(0)
    counts = np.repeat(wanted.counts, wanted.counts)
    total = np.repeat(total, wanted.counts)
    # Without any money each item of an order is worth the same.
    return np.where(total > 0, money / np.where(total > 0, total, 1), 1 / np.maximum(counts, 1))


def _earned(judge: Judge, lists: Rows, worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each user's money that the list holds, float64, shape (n,)."""
    n_items, wanted = len(judge.available), judge.wanted
    owner = np.repeat(np.arange(len(wanted)), wanted.counts)
    keys = np.arange(len(wanted))[:, None].astype(np.int64) * n_items + lists
    listed = np.isin(
        owner.astype(np.int64) * n_items + wanted.item_row, keys[lists != metrics.NOBODY]
    )
    return np.asarray(np.bincount(owner, worth * listed, minlength=len(wanted)), np.float64)
