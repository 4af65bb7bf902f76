"""Top-n from baskets: files of ``user item item …``, all items ranked, train items removed."""

from __future__ import annotations

from recsys.data.interactions import Interactions
from recsys.errors import NothingToLearnFrom
from training.benchmark import measuring
from training.benchmark.files import read_baskets
from training.benchmark.job import MOST_USERS, ProtocolRun
from training.benchmark.outcome import Outcome
from training.benchmark.request import Request
from training.benchmark.text import write_lists
from training.benchmark.world import BenchmarkWorld, at_random, hold_out, with_users
from training.errors import NoUsableRow
from training.items.held_out import HeldOut
from training.items.personal import HeldOutParts
from training.progress import Steps

HELD_OUT = 0.2
"""Share of each user's items held out of the train file, and again of what is left of it."""


SMALL = 100_000
"""Pairs of a train file below which one part to learn from is too much chance."""

SPLITS = 4
"""Parts of a small train file to learn from, each drawn anew."""


def run(asked: Request, progress: Steps) -> Outcome:
    """Choose on a validation part of `train`, fit, measure, predict.

    Without `test` the figure is that of the part that the ranker was chosen by, from a fit without
    it, which flatters a little; the predictions are always those of a fit on everything, for every
    user.

    Raises
    ------
    UnreadableFile
        Of either file.
    NothingToLearnFrom
        No user of the train file has enough items to hold one out.
    NoUsableRow
        No user of the test file has an item.
    """
    progress.begin("read")
    wanted = read_baskets(asked.test) if asked.test else {}
    if asked.test and not any(wanted.values()):
        raise NoUsableRow(asked.test, f"{len(wanted):,} users, none with an item to look for")
    world = BenchmarkWorld.of(with_users(read_baskets(asked.train), wanted), ordered=False)
    job = ProtocolRun(asked, world, progress)
    choice = job.choose(_held_out(world, asked.seed))
    figures, measured_on = job.validated(choice), "held-out items, by which the ranker was chosen"
    if asked.test or asked.predict:
        lists = job.rank(world.events, choice, of="everything")
    if asked.predict:
        write_lists(asked.predict, world.users, world.ids(lists[world.rows]))
    if asked.test:
        figures = measuring.figures(lists, world.wanted(wanted))
        measured_on = f"the test file, {len(wanted):,} users"
    return Outcome(
        figures=figures,
        measured_on=measured_on,
        chosen=str(choice),
        counts=world.counts,
        seconds=job.seconds,
        readings=choice.tomorrows,
    )


def _held_out(world: BenchmarkWorld, seed: int) -> HeldOutParts:
    """Hold a part out to judge by, and another of what is left to learn from."""
    for share in (HELD_OUT, 0.5):
        judging = _random(world.events, share, seed=seed)
        if len(judging.wanted):
            parts = SPLITS if len(world.events) < SMALL else 1
            learnt = [_random(judging.before, share, seed=seed + 1 + n) for n in range(parts)]
            return HeldOutParts("random", judging, learnt, repeats=False, most_users=MOST_USERS)
    raise NothingToLearnFrom("users with two items, one to hold out", found=0, needed=1)


def _random(events: Interactions, share: float, *, seed: int) -> HeldOut:
    held = at_random(events, share, seed=seed)
    return hold_out(events, held, held)
