"""What training costs and what it reaches: `python -m tests.bench.training FILE [--page OUT.html]`.

FILE holds baskets as `recsys benchmark --protocol topn` reads them; a fifth of each user's items
is held out, the same as there. Figures are for the settings that its search starts from.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from scipy.sparse import csr_array, csr_matrix
from training.benchmark.histories import Taken, hold_out
from training.benchmark.model import Model
from training.benchmark.parts import SpectralPartSettings
from training.benchmark.search import ValidationPart

from recsys.algorithms import als, spectral
from recsys.algorithms.spectral import SpectralSettings
from recsys.algorithms.topk import top_k
from recsys.evaluation import metrics
from recsys.evaluation.estimate import bootstrap_mean
from training.benchmark import parts, ranker
from training.benchmark.files import read_baskets
from training.benchmark.topn import VALIDATION
from training.report.drawing import draw

console = Console(highlight=False, width=150)

PAPER = SpectralSettings(user_exponent=0.5, components=256, item_exponent=0.5)
PAPER_LOW_PASS = 0.3
EDGES = (30, 100, 1_000, 300)
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
    *,
    growth: Annotated[bool, typer.Option(help="Measure how cost grows.")] = True,
    quality: Annotated[bool, typer.Option(help="Compare with GF-CF.")] = True,
) -> None:
    """Print accuracy beside GF-CF's, what truncation costs, speed, overhead, and growth."""
    console.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    taken = Taken.of(read_baskets(file))
    settings = SpectralPartSettings.of_size(len(taken.item_row))
    overhead(taken, settings, seed)
    if quality:
        accuracy(taken, settings, seed)
    if growth:
        grown = [measured(file, part, seed) for part in GROWTH]
        for cost in grown:
            console.print(
                f"{cost.pairs:,} pairs: all parts in {cost.seconds:.1f} s, {cost.gigabytes:.2f} GB"
            )
        if page:
            page.write_text(drawn(grown))
            console.print(f"drawn in {page}")


def overhead(taken: Taken, settings: SpectralPartSettings, seed: int) -> None:
    """Fit ALS through the project and with the bare library, turn by turn; and the spectrum."""
    everything, wanted = taken.histories(), settings.factors[0]
    turns = []
    for _ in range(3):
        ours = timed(lambda: als.fit(everything, wanted, seed=seed, threads=THREADS))
        turns.append((ours, timed(lambda: bare(everything, wanted, seed))))
    ratio = np.array(turns)[:, 0] / np.array(turns)[:, 1]
    console.print(
        f"ALS through the project over bare implicit, {THREADS} threads: {np.median(ratio):.2f}, "
        f"from {ratio.min():.2f} to {ratio.max():.2f} (aim: at most 1.15); "
        + ", ".join(f"{ours:.1f}/{theirs:.1f} s" for ours, theirs in turns)
    )
    spectrum = timed(
        lambda: spectral.fit(everything, SpectralSettings(), seed=seed, threads=THREADS)
    )
    whole = timed(lambda: parts.fit(everything, settings, seed=seed, threads=THREADS))
    console.print(
        f"the spectral model: {spectrum:.1f} s (aim: at most 90); "
        f"all that is ranked by: {whole:.1f} s (aim: at most 180 with the ranker)"
    )


def bare(histories, settings, seed):
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


def accuracy(taken: Taken, settings: SpectralPartSettings, seed: int) -> None:
    """Compare on the validation part, on the same users, weights learnt from others."""
    held = hold_out(taken.user_row, VALIDATION, seed=seed)
    past = taken.histories(~held)
    ground = ValidationPart.of(past, taken.histories(held), seed=seed, threads=THREADS)
    reference = per_user(gf_cf(past, ground.asked, seed), ground.wanted)
    for edges in EDGES:
        each = SpectralPartSettings(
            settings.exponents, edges, settings.components, settings.item_exponent, settings.factors
        )
        lessons = ground.lessons(each, K)
        (lists,) = ranker.cross_fitted([lessons], K, seed=seed)
        ours = per_user(lists, ground.wanted)
        said = []
        for name, theirs in reference.items():
            lift = bootstrap_mean(ours[name] - theirs, seed=seed)
            level = theirs.mean()
            said.append(
                f"{name} {ours[name].mean():.4f} over {level:.4f}: x{1 + lift.value / level:.3f} "
                f"[{1 + lift.low / level:.3f}, {1 + lift.high / level:.3f}]"
            )
        console.print(f"{edges} edges, {len(lists):,} users: {'; '.join(said)}")
    model = Model(ground.workshop.fit(settings), ranker.learn([lessons]))
    start, busy = time.perf_counter(), time.process_time()
    model.rank(past, K, threads=THREADS)
    wall, busy = time.perf_counter() - start, time.process_time() - busy
    console.print(
        f"{len(past) / wall:,.0f} users/s, {1e6 * busy / len(past):.0f} µs of CPU a user "
        f"(aim: 2,000 users/s); load {os.getloadavg()[0]:.1f}"
    )


def per_user(lists, wanted):
    """Return Recall and NDCG of each user."""
    hit, count = metrics.hits(lists, wanted.item_row, wanted.indptr), np.diff(wanted.indptr)
    return {f"Recall@{K}": metrics.recall(hit, count), f"NDCG@{K}": metrics.ndcg(hit, count)}


def gf_cf(past, asked, seed):
    """Rank as the paper does: nothing truncated, 256 components, .3 of the ideal low-pass."""
    popularity = spectral.popularity(past)
    root = np.sqrt(popularity).astype(np.float32)
    vectors = spectral.decompose(past, PAPER, seed=seed).vectors
    together = spectral.co_taken(past, 0.5)
    lists = np.full((len(asked), K), -1, np.int32)
    for user, (rows, _) in enumerate(asked):
        history = csr_array((1 / root[rows], rows, [0, len(rows)]), shape=(1, past.n_items))
        score = (history @ together).toarray()[0] / root
        low = (1 / root[rows]) @ vectors[rows] @ vectors.T * root
        score = (score + PAPER_LOW_PASS * low).astype(np.float32)
        score[rows] = -np.inf
        best = top_k(score, K)
        lists[user, : len(best)] = best
    return lists


def measured(file: Path, part: int, seed: int) -> Cost:
    """Fit in a process of its own: peak memory only ever grows."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(cost, file, part, seed).result()


def cost(file: Path, part: int, seed: int) -> Cost:
    """Fit all parts to every `part`-th user."""
    taken = Taken.of(read_baskets(file))
    whole, settings = taken.histories(), SpectralPartSettings.of_size(len(taken.item_row))
    some = whole.of_users(np.arange(0, len(whole), part, dtype=np.int32))
    seconds = timed(lambda: parts.fit(some, settings, seed=seed, threads=THREADS))
    return Cost(len(some.item_row), seconds, peak_gigabytes())


def peak_gigabytes() -> float:
    """Return the most memory this process ever held.

    From the kernel's own mark: `ru_maxrss` of a process begins at that of its parent.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1e6


def drawn(grown: Sequence[Cost]) -> str:
    """Return a page with time and peak memory over the number of pairs."""
    pairs = [cost.pairs for cost in grown]
    pages = []
    for name, values in (
        ("seconds to fit all parts", [cost.seconds for cost in grown]),
        ("peak memory, GB", [cost.gigabytes for cost in grown]),
    ):

        def paint(axes, name=name, values=values):
            axes.plot(pairs, values, marker="o", color="#2e7d5b")
            axes.set_xlabel("pairs of user and item")
            axes.set_ylabel(name)
            axes.set_ylim(bottom=0)

        caption = f"{name}, by pairs"
        drawing = draw(paint, caption=caption, size=(4.5, 3))
        pages.append(f"<figure>{drawing.svg}<figcaption>{caption}</figcaption></figure>")
    return "<!doctype html><meta charset=utf-8><title>How cost grows</title>" + "".join(pages)


def timed(work) -> float:
    """Return the wall time in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    typer.run(main)
