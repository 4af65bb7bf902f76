"""`python -m tests.bench.randomised`: policies learnt from simulated three-arm experiments.

Simulated after the shape of a public three-arm e-mail experiment (two e-mails and nothing, drawn
alike for all; visits of about .1 to .2): users, features and rates here are invented, so that what
every arm earns from every user is known. Conversions are .07 of the visits, spend is log-normal
where there is one; costs and gains are in units of the reward that a visit stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import polars as pl
import typer
from rich.table import Table

from recsys.evaluation.policy_value import Decisions
from tests.bench.tool import console, run
from training.policy.learn import Settings, learn
from training.policy.log import Log
from training.policy.policy import Policy, Stakes

ARMS = ("mens", "none", "womens")
NOTHING = 1
COSTS = (0.0, 0.03, 0.06, 0.08, 0.12, 0.3)
CONVERTING = 0.07
BASKET, SPREAD = 110.0, 0.8
UNIT = {"visit": 1.0, "conversion": CONVERTING, "spend": CONVERTING * BASKET}


@dataclass(frozen=True, slots=True)
class World:
    """How far effects differ between people, and the power of the base rate they grow with."""

    personal: float = 0.0
    power: float = 0.0


WORLDS = {
    "none": World(),
    "moderate": World(0.5),
    "strong": World(1.0),
    "in proportion": World(power=1.0),
}


@dataclass(frozen=True, slots=True)
class Experiment:
    """Users, the probability of a visit under each arm, shape (n, 3), and what is rewarded."""

    features: pl.DataFrame
    p: np.ndarray
    reward: str = "visit"

    def log(self, rng: np.random.Generator) -> Log:
        """Return what a uniform draw would have logged."""
        n = len(self.p)
        action = rng.integers(3, size=n).astype(np.int8)
        share = 1.0 if self.reward == "visit" else CONVERTING
        reward = (rng.random(n) < share * self.p[np.arange(n), action]).astype(float)
        if self.reward == "spend":
            reward *= BASKET * rng.lognormal(-(SPREAD**2) / 2, SPREAD, n)
        pscore = np.full(n, 1 / 3)
        rows = np.arange(n, dtype=np.int32)
        return Log(ARMS, Decisions(rows, action, pscore, reward), self.features, ())

    def net(self, at: Stakes) -> np.ndarray:
        """Return what every arm truly earns from every user."""
        return at.net(self.p * UNIT[self.reward])


def experiment(n: int, world: World, *, rng: np.random.Generator, reward: str) -> Experiment:
    """Return `n` users of a world."""
    mens, womens = rng.random(n) < 0.55, rng.random(n) < 0.55
    womens |= ~mens
    recency = rng.integers(1, 13, n)
    history = np.round(rng.lognormal(5.0, 0.9, n), 2)
    channel = rng.choice(["Web", "Phone", "Multichannel"], n, p=[0.44, 0.44, 0.12])
    area = rng.choice(["Surburban", "Urban", "Rural"], n, p=[0.45, 0.40, 0.15])
    newbie = rng.random(n) < 0.5
    base = 0.10 - 0.004 * (recency - 6) + 0.02 * (np.log(history) - 5) - 0.03 * newbie
    base += 0.02 * (channel != "Phone") + 0.03 * (area == "Rural")
    rate, personal = base.clip(0.005), world.personal
    grows = (rate / rate.mean()) ** world.power
    to_men = 0.077 * grows + personal * (np.where(mens, 0.02, -0.03) - 0.004 * (recency - 6))
    to_women = 0.045 * grows + personal * (
        np.where(womens, 0.03, -0.06) + 0.02 * (np.log(history) - 5)
    )
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
    return Experiment(features, p, reward)


@dataclass(frozen=True, slots=True)
class Told:
    """One policy: whether it chooses by person, what it gains, what there is to gain.

    `single` is what the arm gains that it would choose for everybody: below 0 where that is the
    wrong one.
    """

    personal: bool
    gain: float
    possible: float
    single: float
    significant: bool


def told(policy: Policy, fresh: Experiment, at: Stakes, *, seed: int) -> Told:
    """Hold a policy against the truth of users it has not seen."""
    net = fresh.net(at)
    chosen = policy.choose(fresh.features)
    best = int(net.mean(axis=0).argmax())
    gain = float(net[np.arange(len(net)), chosen].mean() - net[:, best].mean())
    possible = float(net.max(axis=1).mean() - net[:, best].mean())
    single = float(net[:, policy.scorer.default].mean() - net[:, best].mean())
    # what an independent log of as many rows would show, by inverse propensity
    log = fresh.log(np.random.default_rng([seed, 9]))
    reward = at.value * log.logged.reward - at.cost[log.logged.action]
    weight = 3.0 * ((log.logged.action == chosen).astype(float) - (log.logged.action == best))
    earned = weight * reward
    error = earned.std() / np.sqrt(len(earned))
    return Told(policy.personal, gain, possible, single, bool(earned.mean() < -1.96 * error))


def runs(rows: int, world: World, cost: float, *, reward: str, seeds: range) -> Iterator[Told]:
    """Yield one policy a seed, each learnt from its own log; money in units of the reward."""
    at = Stakes(1 / UNIT[reward], np.array([cost, 0.0, cost]))
    for seed in seeds:
        rng = np.random.default_rng([seed, rows, int(world.personal * 100)])
        log = experiment(rows, world, rng=rng, reward=reward).log(rng)
        policy = learn(log, at, Settings(seed=seed))
        rng = np.random.default_rng([seed, 7])
        fresh = experiment(40_000, world, rng=rng, reward=reward)
        yield told(policy, fresh, at, seed=seed)


def main(
    rows: Annotated[list[int], typer.Option(help="Rows of a log.")] = [10_000, 60_000],  # noqa: B006
    seeds: Annotated[int, typer.Option(min=1, help="Logs of each kind.")] = 20,
    first: Annotated[int, typer.Option(min=0, help="Seed of the first log.")] = 0,
    reward: Annotated[str, typer.Option(help="visit, conversion or spend.")] = "visit",
) -> None:
    """Print true gains over the best single arm, and how often a policy lost."""
    of = ("rows", "differences", "cost")
    gains = ("gain", "error", "one arm", "possible", "share")
    table = Table(*of, "by person", *gains, "truly worse", "significantly", box=None)
    for n in rows:
        for name, world in WORLDS.items():
            for cost in COSTS:
                drawn = range(first, first + seeds)
                policies = list(runs(n, world, cost, reward=reward, seeds=drawn))
                table.add_row(f"{n:,}", name, f"{cost}", *summary(policies))
    console.print(f"{seeds} logs of each kind; gains on 40,000 other users, by the truth")
    console.print(table)


def summary(policies: list[Told]) -> Iterator[str]:
    """Yield what policies gained on average, with its error, and how many of them lost."""
    gain, possible, single = (
        float(np.mean([getattr(one, which) for one in policies]))
        for which in ("gain", "possible", "single")
    )
    yield f"{sum(one.personal for one in policies)}"
    yield f"{gain:+.5f}"
    yield f"{np.std([one.gain for one in policies]) / np.sqrt(len(policies)):.5f}"
    yield f"{single:+.5f}"
    yield f"{possible:.5f}"
    yield f"{gain / possible:.0%}" if possible > 1e-4 else "-"
    yield f"{sum(one.gain < -5e-4 for one in policies)}"
    yield f"{sum(one.significant for one in policies)}"


if __name__ == "__main__":
    run(main)
