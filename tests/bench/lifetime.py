"""How fast lifetimes are learnt: ``python -m tests.bench.lifetime [USERS]``.

Draws users from known parameters, fits BG/NBD and Gamma-Gamma, and says how near it came.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np
from rich.console import Console

from recsys.algorithms.lifetime import bgnbd, gamma_gamma
from recsys.algorithms.lifetime.bgnbd import BgNbd, RepeatCounts

USERS = 1_000_000
SEED = 7
TRUTH = BgNbd(0.25, 4.4, 0.8, 2.4, 0.0)
AIM_SECONDS = 10


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


def main() -> None:
    """Measure with as many users as the command line says."""
    n_users = int(sys.argv[1]) if len(sys.argv) > 1 else USERS
    console = Console(highlight=False)
    seen = repeats_of_a_known_world(TRUTH, n_users, seed=SEED)
    by_day = RepeatCounts(seen.x, np.floor(seen.t_x * 7) / 7, np.ceil(seen.T * 7) / 7)
    mean = np.random.default_rng(SEED).gamma(6, 5, n_users)
    load = os.getloadavg()[0]
    for name, of in (("continuous times", seen), ("whole days", by_day)):
        began = time.perf_counter()
        model = bgnbd.fit(of)
        seconds = time.perf_counter() - began
        console.print(f"BG/NBD, {n_users:,} users, {name}: {seconds:.1f} s (aim: {AIM_SECONDS})")
        console.print(f"  r {model.r:.3f} alpha {model.alpha:.3f} a {model.a:.3f} b {model.b:.3f}")
    began = time.perf_counter()
    gamma_gamma.fit(seen.x, mean)
    console.print(f"Gamma-Gamma: {time.perf_counter() - began:.1f} s")
    console.print(
        f"truth: r {TRUTH.r} alpha {TRUTH.alpha} a {TRUTH.a} b {TRUTH.b}; load {load:.1f}"
    )


if __name__ == "__main__":
    main()
