"""The served lists against a two-stage LambdaRank: `python -m tests.bench.lambdarank`.

It takes what the configuration's store holds, chooses and fits as `recsys train` does on all but
the last `items.test_days`, and ranks the same candidates by LightGBM's LambdaMART, learnt on the
windows before. LightGBM is no dependency of the project: `pip install lightgbm` first.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recsys.config import Config
from recsys.data.times import DAY
from recsys.evaluation import metrics
from recsys.evaluation.estimate import bootstrap_mean
from recsys.items.slate import Repeats
from recsys.ladder import Ladder, Question, RungName
from recsys.storage.files.config import read_config
from tests.bench.tool import console, run
from training import items
from training.data import TrainingData
from training.event_log import open_log
from training.items.hearing import Hearing
from training.items.held_out import Held
from training.items.judge import Judge, persons, trait_rows
from training.items.personal import part_settings
from training.items.popularity import with_popularity
from training.items.ranker_examples import N_ITEM, SPLIT, PartSettings, ShownUsers, fit_parts, shown
from training.items.ready import ReadyFor
from training.items.relevance import with_relevant_kind
from training.items.windows import earlier_windows, validation_window, window
from training.load import load
from training.segments import fit_table

SETTINGS = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 30,
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "num_threads": 1,
    "deterministic": True,
    "verbose": -1,
}
"""The best of four settings on the validation window of Online Retail."""
TREES = 200
PARTS = 4
"""Scores of parts that are said of new items and of those had before."""
Features = NDArray[np.float32]


def main(
    config: Annotated[Path, typer.Option(help="Configuration with a store.")] = Path("recsys.toml"),
    most: Annotated[int, typer.Option(help="Users of each window, drawn.")] = 1_500,
) -> None:
    """Print the NDCG of both on the last window: of all items, and of those new to the user."""
    lightgbm = import_module("lightgbm")
    settings = read_config(config, {})
    with open_log(settings) as log, threadpool_limits(1):
        data = load(log, settings)
        settings = with_relevant_kind(settings, data.interactions)
        compare(lightgbm, data, settings, most=most)


def compare(lightgbm: Any, data: TrainingData, config: Config, *, most: int) -> None:
    """Choose, fit, rank and print."""
    held = window(data, config)
    train = data.before(held.cutoff)
    table = fit_table(train, config, at=held.cutoff)
    choice = items.choose(train, table, config, progress=lambda text: None)
    config = with_popularity(config, choice.popular_half_life_days)
    parts = part_settings(choice, data.interactions.kinds, config)
    before = [validation_window(train, config), *earlier_windows(train, config)]
    learnt = [seen for each in before if (seen := _shown(each, data, parts, config, most))]
    test = _shown(held, data, parts, config, most)
    if not learnt or test is None:
        console.print("too few users or days to learn from")
        return
    ranked = _ranked(lightgbm, learnt, test, seed=config.training.seed)
    users = ReadyFor(test.wanted.user_row)
    models = items.fit(train, table, choice, config, at=held.cutoff, ready_for=users)
    judge = Judge.of(held, data.catalogue.available, config).asking(test.wanted)
    people = persons(
        test.wanted.user_row, held.before, table, trait_rows(data.trait, table, config),
        at=held.cutoff,
    )  # fmt: skip
    hearing = Hearing(judge, people)
    rungs = [rung for rung in models.ladder({}).rungs if rung.name is not RungName.HYPER]
    served = Ladder(Question.ITEMS, rungs, {})
    _tell("all items", judge, hearing.lists(served), _lists(test, ranked, test.k))
    new = hearing.lists(served, repeats=Repeats.EXCLUDE)
    fresh = _lists(test, np.where(test.had, -np.inf, ranked), test.k)
    _tell("items new to the user", judge.fresh(), new, fresh)


def _shown(
    held: Held, data: TrainingData, parts: PartSettings, config: Config, most: int
) -> ShownUsers | None:
    available = data.catalogue.available
    fitted = fit_parts(held.before, available, parts, config, at=held.cutoff)
    return shown(held, fitted, config, most=most)


def _ranked(
    lightgbm: Any, learnt: list[ShownUsers], test: ShownUsers, *, seed: int
) -> NDArray[np.float64]:
    x = np.concatenate([features(each) for each in learnt])
    chosen = np.concatenate([each.chosen for each in learnt]).astype(int)
    sizes = np.concatenate([np.diff(np.append(each.starts, len(each.x))) for each in learnt])
    rows = lightgbm.Dataset(x, chosen, group=sizes)
    model = lightgbm.train({**SETTINGS, "seed": seed}, rows, TREES)
    return np.asarray(model.predict(features(test)), np.float64)


def features(seen: ShownUsers) -> Features:
    """Return what LambdaMART is told of each candidate, float32, shape (n, n_features).

    Scores of the parts and their ranks in the list, popularity by three half-lives, what is told of
    items had before (counts by half-life, age, gaps), shares of baskets, and totals of the user.
    """
    had = seen.had[:, None]
    item = np.where(had, seen.x[:, SPLIT : SPLIT + N_ITEM], seen.x[:, :N_ITEM])
    own = seen.x[:, SPLIT + N_ITEM :]
    new = seen.x[:, N_ITEM:SPLIT]
    pair = np.where(had, own[:, :PARTS], new[:, :PARTS])
    ranks = _ranks(seen, np.concatenate([pair, item[:, :2]], axis=1))
    told = [item, pair, new[:, PARTS:], own[:, PARTS:], had, ranks, _of_users(seen)]
    return np.concatenate(told, axis=1).astype(np.float32)


def _ranks(seen: ShownUsers, columns: NDArray[np.float64]) -> NDArray[np.float64]:
    ranks = np.empty_like(columns)
    for part in _parts(seen):
        ranks[part] = np.argsort(np.argsort(-columns[part], axis=0), axis=0)
    return ranks


def _of_users(seen: ShownUsers) -> NDArray[np.float64]:
    """Return totals of the user, and days with the item: how many, their share, the first."""
    found = np.zeros((len(seen.x), 7))
    today = seen.fitted.at // DAY
    for user, part in zip(seen.wanted.user_row.tolist(), _parts(seen), strict=True):
        events = seen.before.of_user(user)
        mine = (events.kind == seen.fitted.kind) & (events.item_row >= 0)
        rows, days = events.item_row[mine], events.at[mine] // DAY
        n_days = max(len(np.unique(days)), 1)
        pairs = np.unique(np.stack([rows, days]), axis=1)
        items_had, first, times = np.unique(pairs[0], return_index=True, return_counts=True)
        place = np.minimum(
            np.searchsorted(items_had, seen.item_row[part]), max(len(items_had) - 1, 0)
        )
        known = seen.had[part] & (len(items_had) > 0)
        if known.any():
            since = today - pairs[1][first]
            told = np.stack([times, times / n_days, since], axis=1)[place]
            found[part, :3] = np.where(known[:, None], told, 0)
        age = today - days.max(initial=0)
        found[part, 3:] = (len(events), len(items_had), n_days, age)
    return found


def _parts(seen: ShownUsers) -> list[slice]:
    ends = np.append(seen.starts[1:], len(seen.x))
    return [
        slice(start, end) for start, end in zip(seen.starts.tolist(), ends.tolist(), strict=True)
    ]


def _lists(seen: ShownUsers, score: NDArray[np.float64], k: int) -> NDArray[np.int32]:
    lists = np.full((len(seen.wanted), k), metrics.NOBODY, np.int32)
    for place, part in enumerate(_parts(seen)):
        best = np.argsort(-score[part], kind="stable")[:k]
        best = best[np.isfinite(score[part][best])]
        lists[place, : len(best)] = seen.item_row[part][best]
    return lists


def _tell(of: str, judge: Judge, served: NDArray[np.int32], ranked: NDArray[np.int32]) -> None:
    ours, theirs = judge.ndcg(served), judge.ndcg(ranked)
    known = ~np.isnan(ours)
    gain = bootstrap_mean((ours - theirs)[known], seed=judge.config.training.seed)
    mean = theirs[known].mean()
    console.print(
        f"{of}: served {ours[known].mean():.4f}, LambdaRank {mean:.4f}; gain {gain} over "
        f"{known.sum():,} users, {(ours - theirs)[known].mean() / mean:+.1%}"
    )


if __name__ == "__main__":
    run(main)
