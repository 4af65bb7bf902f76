"""What is true of the simulated people: known here, hidden from whatever learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.data.times import DAY

CHANNELS = ("email", "push", "sms")

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """What is true of the simulated people; odds are natural logarithms.

    Attributes
    ----------
    response : tuple of float
        Log odds of a response to e-mail, push, SMS for a usual user at a usual hour, rested.
    personal : float
        Standard deviation of each user's own log odds, per channel.
    home : float
        Added for push, taken from SMS, outside the home country.
    regular : float
        Added for e-mail, taken from SMS, per standard deviation of the logarithm of order days.
    hour : float
        Height of the daily wave of each channel.
    best_hour : tuple of float
        Local hour at which each wave is highest.
    own_hour : float
        Standard deviation, in hours, of how much later or earlier all waves are for each user.
    fatigue : float
        Added for each message of the week before (negative tires).
    unsubscribe : tuple of float
        Probability that a message makes its receiver leave the channel; doubled after three in
        a week.
    consent : tuple of float
        Share of users who granted each channel.
    denied_profiling : float
        Share of users who denied being profiled.
    waves : int
        Campaigns, spread evenly over the days.
    days : int
        How far back the first campaign lies.
    """

    response: tuple[float, ...] = (-3.85, -3.5, -2.95)
    personal: float = 1.2
    home: float = 0.35
    regular: float = 0.4
    hour: float = 1.0
    best_hour: tuple[float, ...] = (9.0, 19.0, 13.0)
    own_hour: float = 0.0
    fatigue: float = -0.25
    unsubscribe: tuple[float, ...] = (0.001, 0.0015, 0.003)
    consent: tuple[float, ...] = (0.92, 0.70, 0.60)
    denied_profiling: float = 0.03
    waves: int = 14
    days: int = 180


@dataclass(frozen=True, slots=True)
class Truth:
    """The odds behind the simulated outcomes.

    Attributes
    ----------
    own : float64, shape (n_users, n_channels)
        Log odds of each user at a usual hour, rested.
    consented : bool, shape (n_users, n_channels)
        Which channels a user granted at the start.
    later : float64, shape (n_users,)
        By how many hours each user's waves are later than everybody's.
    world : World
        What was simulated.
    """

    own: Reals
    consented: NDArray[np.bool_]
    later: Reals
    world: World

    def response(
        self, user_row: NDArray[np.int64], hour: Reals, recent: NDArray[np.int64]
    ) -> Reals:
        """Return P(response) per channel at local `hour`, float64, shape (n, n_channels)."""
        world = self.world
        usual_hour = hour - self.later[user_row]
        turn = (usual_hour[:, None] - np.array(world.best_hour)) * (2 * np.pi / 24)
        odds = self.own[user_row] + world.hour * np.cos(turn) + world.fatigue * recent[:, None]
        p: Reals = 1 / (1 + np.exp(-odds))
        return p

    def unsubscribe(self, recent: NDArray[np.int64]) -> Reals:
        """Return P(leaving) per channel, float64, shape (n, n_channels)."""
        return np.outer(np.where(recent >= 3, 2.0, 1.0), self.world.unsubscribe)


USUAL = World()


def people(
    interactions: Interactions, trait: Sequence[str], world: World, rng: np.random.Generator
) -> Truth:
    """Draw the odds and consents of every user; the most frequent `trait` is home."""
    n_users = len(interactions.users)
    countries, place = np.unique(np.array(trait, dtype=str), return_inverse=True)
    abroad = place != np.bincount(place, minlength=len(countries)).argmax()
    user_row, day = interactions.user_row, interactions.at // DAY
    order_days = np.unique(np.stack([user_row, day]), axis=1)[0].astype(np.int64)
    often = np.log1p(np.bincount(order_days, minlength=n_users))
    regular = (often - often.mean()) / (often.std() or 1.0)
    own = np.array(world.response) + world.personal * rng.standard_normal((n_users, len(CHANNELS)))
    own += np.outer(abroad, [0, world.home, -world.home])
    own += np.outer(regular, [world.regular, 0, -world.regular])
    consented = rng.random((n_users, len(CHANNELS))) < world.consent
    # Nothing is drawn for people who do not differ: what comes after stays as it was.
    later = world.own_hour * rng.standard_normal(n_users) if world.own_hour else np.zeros(n_users)
    return Truth(own, consented, later, world)
