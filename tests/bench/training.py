"""What training the ranker of lists costs: `python -m tests.bench.training FILE`.

FILE holds baskets as `recsys benchmark --protocol topn` reads them, and settings are those that its
search starts from. What they reach, that command prints.
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
from tests.bench.tool import console, run, timed
from training.benchmark import parts, ranker
from training.benchmark.files import read_baskets
from training.benchmark.histories import Taken, hold_out
from training.benchmark.model import Model
from training.benchmark.parts import SpectralPartSettings
from training.benchmark.search import ValidationPart
from training.benchmark.topn import VALIDATION
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
    taken = Taken.of(read_baskets(file))
    settings = SpectralPartSettings.of_size(len(taken.item_row))
    overhead(taken, settings, seed)
    speed(taken, settings, seed)
    grown = [measured(file, part, seed) for part in GROWTH]
    for cost in grown:
        console.print(
            f"{cost.pairs:,} pairs: all parts in {cost.seconds:.1f} s, {cost.gigabytes:.2f} GB"
        )
    if page:
        page.write_text(drawn(grown))


def overhead(taken: Taken, settings: SpectralPartSettings, seed: int) -> None:
    """Fit ALS through the project and with the bare library, turn by turn; and the spectrum."""
    everything, wanted = taken.histories(), settings.factors[0]
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
    whole = timed(lambda: parts.fit(everything, settings, seed=seed, threads=THREADS)).wall
    console.print(f"all that is ranked by: {whole:.1f} s (aim: at most 180 with the ranker)")


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


def speed(taken: Taken, settings: SpectralPartSettings, seed: int) -> None:
    """Rank for everybody, with a ranker learnt on the validation part."""
    held = hold_out(taken.user_row, VALIDATION, seed=seed)
    past = taken.histories(~held)
    ground = ValidationPart.of(past, taken.histories(held), seed=seed, threads=THREADS)
    model = Model(ground.workshop.fit(settings), ranker.learn([ground.lessons(settings, K)]))
    took = timed(lambda: model.rank(past, K, threads=THREADS))
    console.print(
        f"{len(past) / took.wall:,.0f} users/s (aim: 2,000), "
        f"{1e6 * took.cpu / len(past):.0f} µs of CPU a user"
    )


def measured(file: Path, part: int, seed: int) -> Cost:
    """Fit in a process of its own: peak memory only ever grows."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(cost, file, part, seed).result()


def cost(file: Path, part: int, seed: int) -> Cost:
    """Fit all parts to every `part`-th user."""
    taken = Taken.of(read_baskets(file))
    whole, settings = taken.histories(), SpectralPartSettings.of_size(len(taken.item_row))
    some = whole.of_users(np.arange(0, len(whole), part, dtype=np.int32))
    seconds = timed(lambda: parts.fit(some, settings, seed=seed, threads=THREADS)).wall
    return Cost(len(some.item_row), seconds, peak_gigabytes())


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
