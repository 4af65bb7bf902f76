"""A synthetic world in which it is known what every arm earns from every user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys.evaluation.policy_value import Decisions
from training.policy.log import Log
from training.policy.policy import Policy, Stakes

ARMS = ("call", "mail", "none")
SHARES = np.array([0.5, 0.3, 0.2])
FEATURES = ("age", "region", "spent")


@dataclass(frozen=True, slots=True)
class World:
    """Users, and the probability of a reward under each arm, shape (n, 3)."""

    features: pl.DataFrame
    p: np.ndarray

    def log(self, *, seed: int, pscores: bool = True) -> Log:
        """Return a log of this world, arms drawn unevenly."""
        rng = np.random.default_rng([seed, 1])
        n = len(self.p)
        action = rng.choice(3, size=n, p=SHARES)
        reward = (rng.random(n) < self.p[np.arange(n), action]).astype(float)
        pscore = SHARES[action] if pscores else np.full(n, np.nan)
        rows = np.arange(n, dtype=np.int32)
        return Log(ARMS, Decisions(rows, action.astype(np.int8), pscore, reward), self.features, ())

    def net(self, stakes: Stakes) -> np.ndarray:
        """Return the true net reward of every arm, shape (n, 3)."""
        return stakes.net(self.p)

    def value(self, policy: Policy) -> float:
        """Return the true value of a policy."""
        chosen = policy.choose(self.features)
        return float(self.net(policy.stakes)[np.arange(len(chosen)), chosen].mean())

    def best_single(self, stakes: Stakes) -> float:
        """Return the true value of the best single arm."""
        return float(self.net(stakes).mean(axis=0).max())

    def best(self, stakes: Stakes) -> float:
        """Return the true value of the best policy."""
        return float(self.net(stakes).max(axis=1).mean())


def world(n: int, *, seed: int, personal: float) -> World:
    """Return `n` users; `personal` is how far their responses to an arm differ (0: not at all).

    Everybody's base rate depends on the features, so that they tell something in any case.
    """
    rng = np.random.default_rng([seed, 0])
    age = rng.integers(18, 80, n).astype(float)
    region = rng.choice(["north", "south", "west"], n, p=[0.5, 0.3, 0.2])
    spent = rng.gamma(1.5, 40.0, n)
    known = rng.random(n) < 0.9
    base = 0.15 + 0.1 * (spent > 60) + 0.05 * (region == "west")
    call = 0.03 + personal * np.where(age > 50, 0.12, -0.08)
    mail = 0.03 + personal * np.where(region == "south", 0.12, -0.06)
    p = np.stack([base + call, base + mail, base], axis=1)
    features = pl.DataFrame(
        {
            "age": np.where(known, age, np.nan),
            "region": region,
            "spent": [f"{x:.2f}" if x > 1 else None for x in spent],
        }
    )
    return World(features, np.clip(p, 0.01, 0.99))


def stakes(*cost: float, value: float = 1.0) -> Stakes:
    """Return what arms cost, in the order of their names."""
    return Stakes(value, np.array(cost or (0.0, 0.0, 0.0)))
