"""`python -m tests.bench.randomised`: policies learnt from simulated three-arm experiments.

Simulated after the shape of a public three-arm e-mail experiment (two e-mails and nothing, drawn
alike for all; visits of about .1 to .2): users, features and rates here are invented, so that what
every arm earns from every user is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from recsys.evaluation.policy_value import Decisions
from training.policy.learning import Settings, learn
from training.policy.learnt import Policy, Stakes
from training.policy.log import Log

ARMS = ("mens", "none", "womens")
NOTHING = 1
COSTS = (0.0, 0.03, 0.06, 0.08, 0.12, 0.3)
WORLDS = {"none": 0.0, "moderate": 0.5, "strong": 1.0}

console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Experiment:
    """Users and the probability of a visit under each arm, shape (n, 3)."""

    features: pl.DataFrame
    p: np.ndarray

    def log(self, rng: np.random.Generator) -> Log:
        """Return what a uniform draw would have logged."""
        n = len(self.p)
        action = rng.integers(3, size=n).astype(np.int8)
        reward = (rng.random(n) < self.p[np.arange(n), action]).astype(float)
        pscore = np.full(n, 1 / 3)
        rows = np.arange(n, dtype=np.int32)
        return Log(ARMS, Decisions(rows, action, pscore, reward), self.features, ())

    def net(self, at: Stakes) -> np.ndarray:
        """Return what every arm truly earns from every user."""
        return at.net(self.p)


def experiment(n: int, *, personal: float, rng: np.random.Generator) -> Experiment:
    """Return `n` users; `personal` scales how far effects differ between them (0: not at all)."""
    mens, womens = rng.random(n) < 0.55, rng.random(n) < 0.55
    womens |= ~mens
    recency = rng.integers(1, 13, n)
    history = np.round(rng.lognormal(5.0, 0.9, n), 2)
    channel = rng.choice(["Web", "Phone", "Multichannel"], n, p=[0.44, 0.44, 0.12])
    area = rng.choice(["Surburban", "Urban", "Rural"], n, p=[0.45, 0.40, 0.15])
    newbie = rng.random(n) < 0.5
    base = 0.10 - 0.004 * (recency - 6) + 0.02 * (np.log(history) - 5) - 0.03 * newbie
    base += 0.02 * (channel != "Phone") + 0.03 * (area == "Rural")
    to_men = 0.077 + personal * (np.where(mens, 0.02, -0.03) - 0.004 * (recency - 6))
    to_women = 0.045 + personal * (np.where(womens, 0.03, -0.06) + 0.02 * (np.log(history) - 5))
    p = np.stack([base + to_men, base, base + to_women], axis=1).clip(0.005, 0.95)
    features = pl.DataFrame(
        {
            "recency": recency,
            "history": history,
            "mens": mens.astype(int),
            "womens": womens.astype(int),
            "zip_code": area,
            "newbie": newbie.astype(int),
            "channel": channel,
        }
    )
    return Experiment(features, p)


@dataclass(frozen=True, slots=True)
class Told:
    """One policy: whether it chooses by person, what it gains, what there is to gain."""

    personal: bool
    gain: float
    possible: float
    significant: bool


def told(policy: Policy, fresh: Experiment, at: Stakes, *, seed: int) -> Told:
    """Hold a policy against the truth of users it has not seen."""
    net = fresh.net(at)
    chosen = policy.choose(fresh.features)
    best = int(net.mean(axis=0).argmax())
    gain = float(net[np.arange(len(net)), chosen].mean() - net[:, best].mean())
    possible = float(net.max(axis=1).mean() - net[:, best].mean())
    # what an independent log of as many rows would show, by inverse propensity
    log = fresh.log(np.random.default_rng([seed, 9]))
    reward = at.value * log.logged.reward - at.cost[log.logged.action]
    weight = 3.0 * ((log.logged.action == chosen).astype(float) - (log.logged.action == best))
    earned = weight * reward
    error = earned.std() / np.sqrt(len(earned))
    return Told(policy.personal, gain, possible, bool(earned.mean() < -1.96 * error))


def runs(rows: int, personal: float, cost: float, seeds: int) -> Iterator[Told]:
    """Yield one policy a seed, each learnt from its own log."""
    at = Stakes(1.0, np.array([cost, 0.0, cost]))
    for seed in range(seeds):
        rng = np.random.default_rng([seed, rows, int(personal * 100)])
        log = experiment(rows, personal=personal, rng=rng).log(rng)
        policy = learn(log, at, Settings(seed=seed))
        fresh = experiment(40_000, personal=personal, rng=np.random.default_rng([seed, 7]))
        yield told(policy, fresh, at, seed=seed)


def main(
    rows: Annotated[list[int], typer.Option(help="Rows of a log.")] = [10_000, 60_000],  # noqa: B006
    seeds: Annotated[int, typer.Option(min=1, help="Logs of each kind.")] = 20,
) -> None:
    """Print true gains over the best single arm, and how often a policy lost."""
    headings = ("rows", "differences", "cost", "by person", "gain", "possible", "share",
                "truly worse", "significantly")  # fmt: skip
    table = Table(*headings, box=None)
    for n in rows:
        for name, personal in WORLDS.items():
            for cost in COSTS:
                found = list(runs(n, personal, cost, seeds))
                gain, possible = (
                    float(np.mean([getattr(one, which) for one in found]))
                    for which in ("gain", "possible")
                )
                table.add_row(
                    f"{n:,}",
                    name,
                    f"{cost}",
                    f"{sum(one.personal for one in found)}",
                    f"{gain:+.5f}",
                    f"{possible:.5f}",
                    f"{gain / possible:.0%}" if possible > 1e-4 else "-",
                    f"{sum(one.gain < -5e-4 for one in found)}",
                    f"{sum(one.significant for one in found)}",
                )
    console.print(f"{seeds} logs of each kind; gains on 40,000 other users, by the truth")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
