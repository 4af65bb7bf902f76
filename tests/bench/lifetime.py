"""How fast lifetimes are learnt: `python -m tests.bench.lifetime`.

Draws users from known parameters, fits BG/NBD and Gamma-Gamma, and says how near it came.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import numpy as np
import typer

from recsys.algorithms.lifetime import bgnbd, gamma_gamma
from recsys.algorithms.lifetime.bgnbd import BgNbd, RepeatCounts
from tests.bench.tool import console, run, timed

SEED = 7
TRUTH = BgNbd(0.25, 4.4, 0.8, 2.4, 0.0)


def main(
    users: Annotated[int, typer.Option(min=1_000, help="Users drawn.")] = 1_000_000,
) -> None:
    """Print seconds and parameters."""
    seen = repeats_of_a_known_world(TRUTH, users, seed=SEED)
    by_day = RepeatCounts(seen.x, np.floor(seen.t_x * 7) / 7, np.ceil(seen.T * 7) / 7)
    show("truth", TRUTH)
    for name, of in (("continuous times", seen), ("whole days", by_day)):
        seconds = timed(partial(fitted, name, of)).wall
        console.print(f"BG/NBD, {users:,} users, {name}: {seconds:.1f} s (aim: 10)")
    mean = np.random.default_rng(SEED).gamma(6, 5, users)
    console.print(f"Gamma-Gamma: {timed(lambda: gamma_gamma.fit(seen.x, mean)).wall:.1f} s")


def fitted(name: str, seen: RepeatCounts) -> None:
    """Fit BG/NBD and print what it found."""
    show(name, bgnbd.fit(seen))


def show(name: str, model: BgNbd) -> None:
    """Print the parameters of a model."""
    pairs = (f"{each} {getattr(model, each):.3f}" for each in ("r", "alpha", "a", "b"))
    console.print(f"{name}: {', '.join(pairs)}")


def repeats_of_a_known_world(truth: BgNbd, n_users: int, *, seed: int) -> RepeatCounts:
    """Return what was seen of users of `truth`, in weeks, for up to two years."""
    rng = np.random.default_rng(seed)
    pace = np.maximum(rng.gamma(truth.r, 1 / truth.alpha, n_users), 1e-12)
    quits = rng.beta(truth.a, truth.b, n_users)
    age = rng.uniform(1, 104, n_users)
    x, t_x = np.zeros(n_users), np.zeros(n_users)
    left = np.arange(n_users)
    while len(left):
        again = t_x[left] + rng.exponential(1 / pace[left])
        in_time = again < age[left]
        left = left[in_time]
        x[left] += 1
        t_x[left] = again[in_time]
        left = left[rng.random(len(left)) > quits[left]]
    return RepeatCounts(x, t_x, age)


if __name__ == "__main__":
    run(main)
