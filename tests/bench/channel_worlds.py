"""`python -m tests.bench.channel_worlds`: what the channel policy gains where truth is known.

20,000 simulated users get about 20 messages each, drawn alike from the open channels; the pipeline
that `recsys train` runs learns from them, and what it would serve is held against the truth at a
moment after the log, beside the best single channel and a policy that knows each user's response.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from recsys.channel.decide import decide_all
from recsys.channel.recipients import Recipients
from recsys.config import Channels, ChannelSection, Config, Training
from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY, HOUR
from recsys.segments.table import SegmentTable
from tests.bench.tool import console, run
from training import channel
from training.channel.messages import messages_from_log
from training.data import TrainingData
from training.demo.messages import simulate
from training.demo.world import World
from training.segments import fit_table

END = 1_323_388_800_000_000  # 2011-12-09T00:00Z
RARELY = World(consent=(1.0, 1.0, 1.0), waves=12)
OFTEN = replace(RARELY, response=(-1.4, -1.2, -1.0))
ALIKE = replace(RARELY, personal=0.0, regular=0.0, home=0.0, hour=0.0, fatigue=0.0)
WORLDS = {
    "differ widely, respond often": replace(OFTEN, personal=2.0),
    "differ, respond often": OFTEN,
    "differ, respond rarely (the demo's)": RARELY,
    "alike, respond often": replace(ALIKE, response=OFTEN.response),
    "alike, respond rarely": ALIKE,
}
CONFIG = Config(
    channels=Channels(
        arms={
            "email": ChannelSection(cost=0.002, quiet_hours=False),
            "push": ChannelSection(cost=0.0005, attribution_days=1.0),
            "sms": ChannelSection(cost=0.06, attribution_days=3.0),
        },
        response_value=2.0,
        unsubscribe_cost=2.0,
    ),
    training=Training(resamples=400),
)


@dataclass(frozen=True, slots=True)
class Earned:
    """What policies truly earn a decision, and how sure the difference to the best arm is."""

    single: float
    served: float
    knowing: float
    error: float
    rung: str

    @property
    def share(self) -> float:
        """Share of the gap between the best single channel and knowing everything; NaN: no gap."""
        gap = self.knowing - self.single
        return (self.served - self.single) / gap if gap > 1e-9 else float("nan")

    @property
    def worse(self) -> bool:
        """Whether it is significantly worse than the best single channel, over these users."""
        return self.served - self.single < -1.96 * self.error


def shop(n_users: int, rng: np.random.Generator) -> tuple[Interactions, tuple[str, ...]]:
    """Return users who first bought long before the first message, and their countries."""
    user = np.repeat(np.arange(n_users), rng.integers(1, 6, n_users))
    at = END - rng.integers(1, 120 * 24, len(user)) * HOUR
    first = np.searchsorted(user, np.arange(n_users))
    at[first] = END - 300 * DAY
    at[-1] = END - 1
    interactions = Interactions.of(
        IdMap.of(f"u{n:06}" for n in range(n_users)),
        IdMap.of(["i"]),
        ("purchase",),
        user_row=user.astype(np.int32),
        events=UserEvents(
            item_row=np.zeros(len(user), np.int32),
            kind=np.zeros(len(user), np.int8),
            at=at,
            quantity=np.ones(len(user), np.float32),
            value=rng.gamma(2.0, 20.0, len(user)),
        ),
    )
    abroad = rng.random(n_users) < 0.2
    return interactions, tuple(np.where(abroad, "France", "United Kingdom").tolist())


def learnt(world: World, n_users: int, *, seed: int) -> Earned:
    """Simulate, train, decide for everybody eight days later, and look at the truth."""
    rng = np.random.default_rng([seed, 5])
    interactions, country = shop(n_users, rng)
    simulated = simulate(interactions, country, timezone="UTC", seed=seed, world=world)
    empty = ("",)
    data = TrainingData(
        interactions=interactions,
        catalogue=Catalogue(empty, empty, empty, empty, np.ones(1, np.float32), np.ones(1, bool)),
        trait=country,
        messages=messages_from_log(simulated.events, interactions.users, CONFIG),
        watermark=0,
        fingerprint="",
    )
    choice, measured = channel.measure(data, CONFIG, progress=lambda _: None)
    at = interactions.end + 8 * DAY
    table = fit_table(data, CONFIG, at=interactions.end)
    models = channel.fit(data, table, choice, CONFIG, at=interactions.end)
    hour = rng.integers(8, 21, n_users)
    crowd = everybody(at - at % DAY + hour * HOUR, table)
    decided = decide_all(models.ladder(measured.verdicts), crowd)
    rows, rested = np.arange(n_users), np.zeros(n_users, np.int64)
    cost = np.array([channel.cost for channel in models.terms.channels])
    worth = (
        CONFIG.channels.response_value * simulated.truth.response(rows, hour.astype(float), rested)
        - cost
        - CONFIG.channels.unsubscribe_cost * simulated.truth.unsubscribe(rested)
    )
    worth = np.column_stack([worth, np.zeros(n_users)])
    best = int(worth.mean(axis=0).argmax())
    gain = worth[rows, decided.arm] - worth[:, best]
    return Earned(
        single=float(worth[:, best].mean()),
        served=float(worth[rows, decided.arm].mean()),
        knowing=float(worth.max(axis=1).mean()),
        error=float(gain.std() / np.sqrt(n_users)),
        rung=str(measured.metrics["served"]),
    )


def everybody(at: np.ndarray, table: SegmentTable) -> Recipients:
    """Return all users, each at an instant, who granted everything and got nothing lately."""
    n, none = len(at), np.empty(0, np.int64)
    behaviour, trait = table.user_segment, table.user_trait
    return Recipients(
        at=at,
        user_row=np.arange(n, dtype=np.int32),
        segment_row=np.where(behaviour >= 0, behaviour, trait).astype(np.int32),
        profiling=np.ones(n, bool),
        granted=np.ones((n, 3), bool),
        zone=np.zeros(n, np.int32),
        zones=("",),
        sent_to=none,
        sent_channel=none,
        sent_at=none,
    )


def main(
    users: Annotated[int, typer.Option(min=500, help="Users of a world.")] = 20_000,
    seeds: Annotated[int, typer.Option(min=1, help="Worlds of each kind.")] = 20,
    only: Annotated[str, typer.Option(help="Kinds whose name has this in it.")] = "",
) -> None:
    """Print the share of the gap that is gained, and how often a policy lost."""
    headings = ("best single", "served", "knowing", "share", "least", "worse", "rungs")
    table = Table("people", *headings, box=None)
    for name, world in ((n, w) for n, w in WORLDS.items() if only in n):
        of_seeds = [learnt(world, users, seed=seed) for seed in range(seeds)]
        earned = np.mean([(each.single, each.served, each.knowing) for each in of_seeds], axis=0)
        shares = [each.share for each in of_seeds]
        apart = not np.isnan(shares).any()
        table.add_row(
            name,
            *(f"{figure:.4f}" for figure in earned),
            *(f"{share:.0%}" if apart else "-" for share in (np.mean(shares), min(shares))),
            f"{sum(each.worse for each in of_seeds)} of {seeds}",
            ", ".join(sorted({each.rung for each in of_seeds})),
        )
    console.print(f"{users:,} simulated users, {seeds} seeds; values a decision, by the truth")
    console.print(table)


if __name__ == "__main__":
    run(main)
