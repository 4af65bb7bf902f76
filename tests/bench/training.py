"""What training the ranker of lists costs: `python -m tests.bench.training FILE`.

FILE holds baskets as `recsys benchmark --protocol topn` reads them; the settings are the largest
that it tries on as many. What they reach, that command prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from matplotlib.axes import Axes
from scipy.sparse import csr_matrix

from recsys.algorithms import als
from recsys.algorithms.als import AlsSettings
from recsys.algorithms.histories import Histories
from recsys.config import Config
from tests.bench.tool import console, run, timed
from training.benchmark.files import read_baskets
from training.benchmark.job import ProtocolRun
from training.benchmark.request import Request
from training.benchmark.world import World
from training.items.choice import ItemChoice
from training.items.ranker import BlendChoice
from training.items.trials import factorisations, graphs
from training.items.weights import plain_sum
from training.report.drawing import draw

GROWTH = (16, 4, 1)
THREADS = 2
K = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What one fit took."""

    pairs: int
    seconds: float
    gigabytes: float


def main(
    file: Annotated[Path, typer.Argument(help="Baskets: `user item item …` a line.")],
    seed: Annotated[int, typer.Option(help="Of the split.")] = 0,
    page: Annotated[Path | None, typer.Option(help="Draw how cost grows, as HTML.")] = None,
) -> None:
    """Print the overhead over the bare library, the speed of ranking, and how cost grows."""
    world = World.of(read_baskets(file), ordered=False)
    overhead(world, seed)
    speed(file, world, seed)
    grown = [measured(file, part, seed) for part in GROWTH]
    for cost in grown:
        console.print(
            f"{cost.pairs:,} pairs: all parts in {cost.seconds:.1f} s, {cost.gigabytes:.2f} GB"
        )
    if page:
        page.write_text(drawn(grown))


def chosen(world: World) -> ItemChoice:
    """Return the plain sum of the largest graph and factorisation that are tried."""
    n_pairs, model = len(world.events), Config().items.model
    factors, total = factorisations(model, n_pairs)[-1], plain_sum((1.0, 0.6, 0.0, 0.0))
    blend = BlendChoice(
        factors=factors,
        on_factors=False,
        ranker="plain sum",
        new=tuple(total.new.tolist()),
        own=tuple(total.own.tolist()),
        own_by="taste",
        trees=None,
        lift=0.0,
    )
    return ItemChoice(graph=graphs(model, n_pairs)[-2], demand=0.0, blend=blend)


def overhead(world: World, seed: int) -> None:
    """Fit ALS through the project and with the bare library, turn by turn."""
    events, wanted = world.events, chosen(world).to_factorise
    everything = Histories.of(
        events.user_row,
        events.item_row,
        np.ones(len(events)),
        n_users=len(events.users),
        n_items=len(events.items),
    )
    assert wanted is not None
    turns = []
    for _ in range(3):
        ours = timed(lambda: als.fit(everything, wanted, seed=seed, threads=THREADS)).wall
        turns.append((ours, timed(lambda: bare(everything, wanted, seed)).wall))
    ratio = np.divide(*np.transpose(turns))
    console.print(
        f"ALS through the project over bare implicit, {THREADS} threads: {np.median(ratio):.2f}, "
        f"from {ratio.min():.2f} to {ratio.max():.2f} (aim: at most 1.15); "
        + ", ".join(f"{ours:.1f}/{theirs:.1f} s" for ours, theirs in turns)
    )


def bare(histories: Histories, settings: AlsSettings, seed: int) -> None:
    """Fit as one does without the project."""
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    confidence = 1 + np.float32(settings.alpha) * histories.weight
    matrix = csr_matrix(
        (confidence, histories.item_row, histories.indptr),
        shape=(len(histories), histories.n_items),
    )
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=settings.factors,
            regularization=settings.regularization,
            iterations=settings.iterations,
            num_threads=THREADS,
            random_state=seed,
        )
        model.fit(matrix, show_progress=False)


def speed(file: Path, world: World, seed: int) -> None:
    """Fit all parts and rank for everybody."""
    job = ProtocolRun(Request(file, k=K, seed=seed), world, Silent())
    took = timed(lambda: job.rank(world.events, chosen(world), of="everything"))
    fit, rank = job.seconds.values()
    console.print(
        f"all that is ranked by: {fit:.1f} s (aim: at most 180 with the ranker); "
        f"{len(world.users) / rank:,.0f} users/s (aim: 2,000); {took.cpu:.0f} s of CPU for both"
    )


def measured(file: Path, part: int, seed: int) -> Cost:
    """Fit in a process of its own: peak memory only ever grows."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(cost, file, part, seed).result()


def cost(file: Path, part: int, seed: int) -> Cost:
    """Fit all parts to every `part`-th user."""
    baskets = list(read_baskets(file).items())[::part]
    world = World.of(dict(baskets), ordered=False)
    job = ProtocolRun(Request(file, k=K, seed=seed), world, Silent())
    seconds = timed(lambda: job.fitted(world.events, chosen(world))).wall
    return Cost(len(world.events), seconds, peak_gigabytes())


class Silent:
    """Tells nobody of the steps."""

    def begin(self, step: str) -> None:
        """Say nothing."""

    def detail(self, text: str) -> None:
        """Say nothing."""


def peak_gigabytes() -> float:
    """Return the most memory this process ever held.

    From the kernel's own mark: `ru_maxrss` of a process begins at that of its parent.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1e6


def drawn(grown: Sequence[Cost]) -> str:
    """Return a page with time and peak memory over the number of pairs."""
    pages = []
    for name, values in (
        ("seconds to fit all parts", [cost.seconds for cost in grown]),
        ("peak memory, GB", [cost.gigabytes for cost in grown]),
    ):

        def paint(axes: Axes, name: str = name, values: Sequence[float] = values) -> None:
            axes.plot([cost.pairs for cost in grown], values, marker="o", color="#2e7d5b")
            axes.set_xlabel("pairs of user and item")
            axes.set_ylabel(name)
            axes.set_ylim(bottom=0)

        caption = f"{name}, by pairs"
        drawing = draw(paint, caption=caption, size=(4.5, 3))
        pages.append(f"<figure>{drawing.svg}<figcaption>{caption}</figcaption></figure>")
    return "<!doctype html><meta charset=utf-8><title>How cost grows</title>" + "".join(pages)


if __name__ == "__main__":
    run(main)
