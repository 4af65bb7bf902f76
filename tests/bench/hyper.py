"""What the hyper rung costs on a large catalogue: `python -m tests.bench.hyper`.

A made-up model of the size asked for, every part there is: factors, an item graph, the blend with
trees, sessions. The clock runs around filling the slate: all of an answer but the store and HTTP.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import Annotated

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import typer

from recsys.algorithms import trees
from recsys.algorithms.als import AlsFactors
from recsys.algorithms.neighbours import ItemNeighbours
from recsys.algorithms.sessions import features
from recsys.algorithms.sessions.features import N_FEATURES
from recsys.algorithms.sessions.knn import SessionSettings
from recsys.algorithms.sessions.log import Sessions
from recsys.algorithms.sessions.ranker import SessionBlend
from recsys.algorithms.sessions.transitions import TransitionSettings
from recsys.algorithms.trees import TreeSettings
from recsys.data.person import Context, Person
from recsys.data.times import DAY, DAY_PARTS, SECOND
from recsys.items import slate
from recsys.items.context_lift import TIME, ContextLift, cell
from recsys.items.filters import Rests
from recsys.items.history import EventWeights
from recsys.items.models import ItemModels
from recsys.items.one_to_one import no_lists
from recsys.items.popular import PopularItems, by_share
from recsys.items.ranker import OWN, PAIR, Blend
from recsys.items.segment import SegmentItems
from recsys.items.session import AtHand
from recsys.items.slate import ItemQuery
from tests.bench.random_events import drawn
from tests.bench.tool import Took, console, run, timed
from tests.present import present
from tests.recsys.items.shop import raised

NOW = 1_000 * DAY
FACTORS, EDGES, N_ITEM = 64, 100, 5
SPEAKS = np.ones(2, bool)
PURCHASE = 1
MOBILE = Context(device="mobile", placement="home")


def main(
    items: Annotated[int, typer.Option(help="Items in the catalogue.")] = 40_000,
    history: Annotated[int, typer.Option(help="Events of the user before training.")] = 50,
    live: Annotated[int, typer.Option(help="Events in the session at hand.")] = 5,
    repeats: Annotated[int, typer.Option(help="Answers timed.")] = 300,
) -> None:
    """Print the time of an answer with the session at hand, and with its events folded in.

    Each without and with the context of the request: three rows of a table are added.
    """
    rng = np.random.default_rng(0)
    models = made_up(items, rng)
    console.print(f"{items:,} items, {history} events before, {live} live")
    folded, context = replace(models, at_hand=None), occasions(items, rng)
    for name, parts in (
        ("session at hand", models),
        ("session at hand, in context", replace(models, context=context)),
        ("folded in", folded),
        ("folded in, in context", replace(folded, context=context)),
    ):
        took = [answered(parts, somebody(rng, items, history, live)) for _ in range(repeats)]
        p50, p99 = np.percentile([each.wall for each in took], [50, 99]) * 1e3
        cpu = np.median([each.cpu for each in took]) * 1e3
        console.print(f"{name:27} p50 {p50:.2f} ms, p99 {p99:.2f} ms; CPU p50 {cpu:.2f} ms")


def somebody(rng: np.random.Generator, n_items: int, history: int, live: int) -> Person:
    """Return a user with purchases before training and views in the last five minutes."""
    past = drawn(rng, history, n_items=n_items, between=(NOW - 300 * DAY, NOW - DAY), kinds=(0, 1))
    views = drawn(rng, live, n_items=n_items, between=(NOW - 300 * SECOND, NOW), kinds=(1, 0))
    return Person("somebody", NOW, past=past, live=views, context=MOBILE)


def answered(models: ItemModels, person: Person) -> Took:
    """Return what a full list took."""
    n_items = len(models.demand)
    query = ItemQuery(20, np.ones(n_items, bool), rest=Rests.of([0.0, 12.0]))
    fill = partial(slate.fill, models.ladder({}), person, query, on_failure=raised)
    assert len(present(fill().answer).items) == 20
    return timed(fill)


def made_up(n_items: int, rng: np.random.Generator) -> ItemModels:
    """Return a model with every part there is, learned from nothing."""
    share = rng.random(n_items).astype(np.float32)
    none = np.zeros((0, n_items))
    factors = rng.normal(size=(n_items, FACTORS)).astype(np.float32)
    gram = factors.T @ factors + 20 * np.eye(FACTORS, dtype=np.float32)
    rows = rng.random((2_000, N_ITEM + len(OWN)))
    return ItemModels(
        popular=PopularItems(by_share(share), share, np.ones(n_items, np.int32), 30),
        segment=SegmentItems(
            names=(),
            order=none.astype(np.int32),
            share=none.astype(np.float32),
            users=none.astype(np.int32),
            days=30,
            members=np.zeros(0, np.int32),
        ),
        neighbours=graph(n_items, rng),
        factors=AlsFactors(item_factors=factors, gram=gram, alpha=5.0),
        demand=np.ones(n_items, np.float32),
        weights=EventWeights(np.array([0.1, 1.0]), 90.0, own=10.0, live=1.0, live_own=10.0),
        ready=no_lists(),
        at=NOW - DAY,
        min_history=2,
        blend=Blend(
            new_item=share,
            own_item=share,
            new_weight=np.ones(len(PAIR), np.float32),
            own_weight=np.ones(len(OWN), np.float32),
            kind=PURCHASE,
            item=rng.random((N_ITEM, n_items)).astype(np.float32),
            trees=trees.fit(rows, rng.random(len(rows)) < 0.3, TreeSettings(), seed=0),
        ),
        at_hand=sessions(n_items, rng),
    )


def occasions(n_items: int, rng: np.random.Generator) -> ContextLift:
    """Return a table in which a device, a placement and every part of the day have a row."""
    names = ("device:mobile", "placement:home", *(cell(TIME, part) for part in DAY_PARTS))
    lift = (rng.normal(size=(len(names), n_items)) / 10).astype(np.float32)
    return ContextLift({name: row for row, name in enumerate(names)}, lift, 1.0, 1.0, "UTC")


def graph(n_items: int, rng: np.random.Generator) -> ItemNeighbours:
    """Return an item graph of as many edges as are kept."""
    ends = np.sort(rng.integers(0, n_items, (n_items, EDGES)), axis=1)
    return ItemNeighbours(
        indptr=np.arange(n_items + 1, dtype=np.int64) * EDGES,
        indices=ends.ravel().astype(np.int32),
        data=rng.random(n_items * EDGES).astype(np.float32),
    )


def sessions(n_items: int, rng: np.random.Generator) -> AtHand:
    """Return the session ranker, fitted on made-up sessions of five clicks."""
    clicks = (n_items * rng.random((4 * n_items, 5)) ** 3).astype(int)
    log = Sessions.of(clicks.tolist(), n_items=n_items)
    parts = features.fit(log, SessionSettings(), TransitionSettings(), seed=0)
    weights = (rng.normal(size=N_FEATURES) / 10).astype(np.float32)
    return AtHand(SessionBlend(parts, weights), taste=0.1, gap_minutes=30.0, speaks=SPEAKS)


if __name__ == "__main__":
    run(main)
