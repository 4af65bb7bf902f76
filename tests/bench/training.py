"""What training costs and what it reaches: `python -m tests.bench.training FILE`.

FILE holds baskets as `recsys benchmark --protocol topn` reads them; a fifth of each user's items
is held out, the same as there. Figures are for the default settings: nothing is searched here.
"""

from __future__ import annotations

import os
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from scipy.sparse import csr_array

from recsys.algorithms import als, spectral
from recsys.algorithms.spectral import SpectralSettings
from recsys.algorithms.topk import top_k
from training.benchmark import measuring
from training.benchmark.files import read_baskets
from training.benchmark.model import Model
from training.benchmark.search import asked_users
from training.benchmark.taken import Taken, hold_out
from training.benchmark.topn import VALIDATION

console = Console(highlight=False, width=150)

PAPER = SpectralSettings(user_exponent=0.5, components=256, item_exponent=0.5)
PAPER_LOW_PASS = 0.3
EDGES = (30, 100, 300, 1_000)
GROWTH = (16, 4, 1)
THREADS = 2
K = 20


def main(
    file: Annotated[Path, typer.Argument(help="Baskets: `user item item …` a line.")],
    seed: Annotated[int, typer.Option(help="Of the split.")] = 0,
    *,
    growth: Annotated[bool, typer.Option(help="Also measure how cost grows.")] = True,
) -> None:
    """Print accuracy beside GF-CF's, what truncation costs, speed, and growth."""
    console.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    accuracy(file, seed)
    if not growth:
        return
    for part in GROWTH:
        # A process of its own each: peak memory only ever grows.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pairs, seconds, gigabytes = pool.submit(cost, file, part, seed).result()
        console.print(
            f"1/{part} of the users: {pairs:,} pairs, fit {seconds:.1f} s, peak {gigabytes:.2f} GB"
        )


def accuracy(file: Path, seed: int) -> None:
    """Compare on the validation part, on the same users."""
    taken = Taken.of(read_baskets(file))
    held = hold_out(taken.user_row, VALIDATION, seed=seed)
    past, wanted = taken.histories(~held), taken.histories(held)
    users = asked_users(wanted, seed=seed)
    asked, wanted = past.of_users(users), wanted.of_users(users)
    reference = measuring.figures(gf_cf(past, asked, seed), wanted)
    show("GF-CF", reference, reference)

    settings = Settings()
    start, busy = time.perf_counter(), time.process_time()
    together = spectral.co_taken(past, settings.spectral.user_exponent)
    basis = spectral.decompose(past, settings.spectral, seed=seed)
    parts, busy_parts = time.perf_counter() - start, time.process_time() - busy
    popularity = spectral.popularity(past)
    for edges in EDGES:
        few = replace(settings.spectral, edges=edges)
        graph = spectral.graph(past, together, basis, few, threads=THREADS, of_items=asked.item_row)
        lists = Model(graph, None, 0.0, popularity).rank(asked, K, threads=THREADS)
        show(f"spectral, {edges} edges", measuring.figures(lists, wanted), reference)
    start, busy = time.perf_counter(), time.process_time()
    graph = spectral.graph(past, together, basis, settings.spectral, threads=THREADS)
    wall = parts + time.perf_counter() - start
    console.print(
        f"spectral fit: {wall:.1f} s, {busy_parts + time.process_time() - busy:.1f} s CPU"
    )
    start, busy = time.perf_counter(), time.process_time()
    factors = als.fit(past, settings.als, seed=seed)
    wall = time.perf_counter() - start
    console.print(f"ALS fit: {wall:.1f} s, {time.process_time() - busy:.1f} s CPU")
    for share in (settings.als_share, 0.0):
        model = Model(graph, factors if share else None, share, popularity)
        start = time.perf_counter()
        lists = model.rank(past, K, threads=THREADS)
        speed = len(past) / (time.perf_counter() - start)
        show(f"ALS share {share:g}", measuring.figures(lists[users], wanted), reference)
        console.print(f"  {speed:,.0f} users/s, all users; load {os.getloadavg()[0]:.1f}")


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
        lists[user] = top_k(score, K)
    return lists


def cost(file: Path, part: int, seed: int) -> tuple[int, float, float]:
    """Fit the item graph to every `part`-th user; pairs, seconds, peak memory in GB."""
    whole = Taken.of(read_baskets(file)).histories()
    some = whole.of_users(np.arange(0, len(whole), part, dtype=np.int32))
    start = time.perf_counter()
    spectral.fit(some, SpectralSettings(), seed=seed, threads=THREADS)
    seconds = time.perf_counter() - start
    return len(some.item_row), seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def show(name: str, figures: dict[str, float], reference: dict[str, float]) -> None:
    """Print Recall and NDCG and what they are of the reference's."""
    said = (
        f"{metric} {figures[metric]:.4f} ({figures[metric] / reference[metric]:.3f})"
        for metric in (f"Recall@{K}", f"NDCG@{K}")
    )
    console.print(f"{name:28} {'  '.join(said)}")


if __name__ == "__main__":
    typer.run(main)
