"""How much of what a policy might gain 20 messages a user can tell at all.

The exact posterior mean of each user's response, by one who knows everything of a world but the
users' own odds: no policy that learns from such a log gains more on average.
"""

from __future__ import annotations

import numpy as np

from training.demo.world import World

MESSAGES = 20
GRID = np.linspace(-4, 4, 81)


def share(world: World, cost: np.ndarray, stakes: tuple[float, float], *, seed: int) -> float:
    """Return the share of the gap between the best single channel and knowing everything.

    `stakes` are what a response is worth and an unsubscribe loses. NaN where there is no gap.
    """
    rng, n = np.random.default_rng([seed, 11]), 6_000
    k, rows = len(world.response), np.arange(n)
    regular = rng.standard_normal(n)
    usual = np.array(world.response) + np.outer(regular, [world.regular, 0, -world.regular])
    own = usual + world.personal * rng.standard_normal((n, k))
    grid = usual[:, :, None] + world.personal * GRID
    log_p = np.tile(-(GRID**2) / 2, (n, k, 1))
    for _ in range(MESSAGES):
        channel, hour = rng.integers(0, k, n), 8 + 13 * rng.random(n)
        moved = _wave(world, hour)[rows, channel] + world.fatigue * rng.integers(0, 3, n)
        responded = rng.random(n) < _p(own[rows, channel] + moved)
        p = _p(grid[rows, channel] + moved[:, None])
        log_p[rows, channel] += np.log(np.where(responded[:, None], p, 1 - p))
    weight = np.exp(log_p - log_p.max(axis=2, keepdims=True))
    weight /= weight.sum(axis=2, keepdims=True)
    now = _wave(world, rng.integers(8, 21, n).astype(float))
    believed = (weight * _p(grid + now[:, :, None])).sum(axis=2)
    lost = cost + stakes[1] * np.array(world.unsubscribe)
    worth, guess = stakes[0] * _p(own + now) - lost, stakes[0] * believed - lost
    nothing = np.zeros((n, 1))
    worth, guess = np.hstack([worth, nothing]), np.hstack([guess, nothing])
    single = worth.mean(axis=0).max()
    gap = worth.max(axis=1).mean() - single
    return (
        float((worth[rows, guess.argmax(axis=1)].mean() - single) / gap) if gap > 1e-9 else np.nan
    )


def _wave(world: World, hour: np.ndarray) -> np.ndarray:
    wave: np.ndarray = np.cos((hour[:, None] - np.array(world.best_hour)) * (2 * np.pi / 24))
    return world.hour * wave


def _p(odds: np.ndarray) -> np.ndarray:
    p: np.ndarray = 1 / (1 + np.exp(-odds))
    return p
