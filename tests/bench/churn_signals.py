"""What signals add to churn where the truth is known: `python -m tests.bench.churn_signals`.

Simulated: one shop where who has trouble says so (NPS, tickets) and half of them leave, one where
anybody says anything. Groups are tried on one window; the next one, never seen, says what they add.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from recsys.churn import labels
from recsys.churn import signals as features
from recsys.churn.labels import Definition
from recsys.churn.signals import HeardSignals
from recsys.config import parse
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.evaluation import classification
from recsys.evaluation.classification import METRICS, Predictions
from recsys.evaluation.estimate import Estimate
from tests.bench.tool import console, run, timed
from tests.recsys.churn.worlds import speaking_world
from training.churn import signals
from training.churn.choose import CANDIDATES, learnt
from training.churn.signals import SignalWindow

HORIZON = 28
MONTHLY = Definition("purchase", HORIZON, 42)
DAYS = 290
CHOSEN, JUDGED = 220 * DAY, 255 * DAY


def main(
    users: Annotated[int, typer.Option(min=1_000, help="Users of each shop.")] = 6_000,
    seed: Annotated[int, typer.Option(help="Same seed, same shops.")] = 1,
) -> None:
    """Try the groups in both shops, and say what those that were kept add."""
    for matters in (True, False):
        shop("who has trouble says so and leaves" if matters else "anybody says anything",
             users, seed=seed, matters=matters)  # fmt: skip


def shop(name: str, users: int, *, seed: int, matters: bool) -> None:
    """Say what each group adds in one shop."""
    world, said = speaking_world(users, DAYS, seed=seed, matters=matters)
    asked = parse({}, {}).training
    learn = partial(learnt, candidate=CANDIDATES["lean features"], seed=seed)
    rows = labels.closed(world, MONTHLY, until=CHOSEN, n=4)
    held_out = labels.labelled(world, MONTHLY, at=CHOSEN)
    console.print(f"\nsimulated: {name}; {users:,} users, {len(said.all):,} signals")
    found: list[signals.SignalTrial] = []
    window = SignalWindow(rows, held_out, learn(rows))
    cpu = timed(lambda: found.extend(signals.tried([window], said, learn, asked))).cpu
    for one in found:
        kept = "kept" if one.kept else "left out"
        console.print(f"  {one.group}: log likelihood {one.gain} a user: {kept}")
    snapshot = timed(lambda: features.of_all(said, at=CHOSEN), 3).cpu
    alone = timed(lambda: learn(rows)).cpu
    console.print(
        f"  cost: trying {cpu:.1f} CPU s, a fit without signals {alone:.1f}, "
        f"features of a snapshot {1e3 * snapshot:.1f} ms"
    )
    if heard := tuple(one.group for one in found if one.kept):
        console.print(
            f"  AUC on the next window: {_judged(world, HeardSignals(said, heard), learn)}"
        )


def _judged(world: Interactions, heard: HeardSignals, learn: signals.Learn) -> str:
    rows = labels.closed(world, MONTHLY, until=JUDGED, n=4)
    test = labels.labelled(world, MONTHLY, at=JUDGED)
    with_them = labels.with_signals(rows, heard), labels.with_signals(test, heard)
    said, without = (
        Predictions(test.churned, learn(seen).logit(judged.features), test.user_row)
        for seen, judged in (with_them, (rows, test))
    )
    gain: Estimate | None = classification.gained(METRICS["auc"], said, without, seed=1)
    figures = [METRICS["auc"](test.churned, each.p) for each in (without, said)]
    return f"{figures[0]:.4f} without, {figures[1]:.4f} with them: {gain} more"


if __name__ == "__main__":
    run(main)
