"""Top-n from baskets: files of ``user item item …``, all items ranked, train items removed."""

from __future__ import annotations

from pathlib import Path

from recsys.errors import NothingToLearnFrom
from training.benchmark import measuring
from training.benchmark.files import read_baskets
from training.benchmark.job import Job
from training.benchmark.outcome import Outcome, Steps
from training.benchmark.taken import Taken, hold_out, with_users
from training.benchmark.text import write_lists

VALIDATION = 0.2
"""Share of each user's items held out of the train file."""

SMALL = 100_000
"""Pairs of a train file below which one validation part is too much chance."""

SPLITS = 4
"""Validation parts of a small train file, each drawn anew."""


def run(
    train: Path, test: Path | None, *, k: int, predict: Path | None, seed: int, progress: Steps
) -> Outcome:
    """Choose on a validation part of `train`, fit, measure, predict.

    Without `test` the figures are those of the validation part, from a fit without it; the
    predictions are always those of a fit on everything, for every user.

    Raises
    ------
    UnreadableFile
        Of either file.
    NothingToLearnFrom
        No user of the train file has enough items to hold one out.
    """
    progress.begin("read")
    asked = read_baskets(test) if test else {}
    taken = Taken.of(with_users(read_baskets(train), asked))
    splits = SPLITS if len(taken.item_row) < SMALL else 1
    draws = [hold_out(taken.user_row, VALIDATION, seed=seed + n) for n in range(splits)]
    held = draws[0]
    if not held.any():
        raise NothingToLearnFrom("items to hold out for validation", found=0, needed=1)
    past, wanted = taken.histories(~held), taken.histories(held)
    job = Job(k, seed, progress)
    found = job.search((taken.histories(~draw), taken.histories(draw)) for draw in draws)
    measured_on = f"the validation part, {held.sum():,} pairs of the train file"
    if test or predict:
        lists = job.rank(taken.histories(), found.settings, of="everything")
    if predict:
        write_lists(predict, taken.users, taken.ids(lists))
    if test:
        wanted, measured_on = taken.wanted(asked), f"the test file, {len(asked):,} users"
    else:
        lists = job.rank(past, found.settings, of="all but the validation part")
    return Outcome(
        figures=measuring.figures(lists, wanted),
        measured_on=measured_on,
        chosen=str(found),
        counts=taken.counts,
        seconds=job.seconds,
    )
