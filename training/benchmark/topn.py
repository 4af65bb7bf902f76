"""Top-n from baskets: files of ``user item item …``, all items ranked, train items removed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.errors import NothingToLearnFrom, NoUsableRow
from training.benchmark import measuring
from training.benchmark.files import read_baskets
from training.benchmark.histories import Taken, hold_out, with_users
from training.benchmark.job import Job
from training.benchmark.outcome import Outcome
from training.benchmark.request import Request
from training.benchmark.text import write_lists
from training.progress import Steps

VALIDATION = 0.2
"""Share of each user's items held out of the train file."""

SMALL = 100_000
"""Pairs of a train file below which one validation part is too much chance."""

SPLITS = 4
"""Validation parts of a small train file, each drawn anew."""


def run(asked: Request, progress: Steps) -> Outcome:
    """Choose on a validation part of `train`, fit, measure, predict.

    Without `test` the figures are those of the validation parts, from fits without them; the
    predictions are always those of a fit on everything, for every user.

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
    taken = Taken.of(with_users(read_baskets(asked.train), wanted))
    job = Job(asked, progress)
    found = job.search(
        (taken.histories(~held), taken.histories(held)) for held in _validation(taken, asked.seed)
    )
    figures = found.figures
    measured_on = f"held-out items of {found.users:,} users of the train file"
    if asked.test or asked.predict:
        lists = job.rank(taken.histories(), found, of="everything")
    if asked.predict:
        write_lists(asked.predict, taken.users, taken.ids(lists))
    if asked.test:
        figures = measuring.figures(lists, taken.wanted(wanted))
        measured_on = f"the test file, {len(wanted):,} users"
    return Outcome(
        figures=figures,
        measured_on=measured_on,
        chosen=str(found),
        counts=taken.counts,
        seconds=job.seconds,
    )


def _validation(taken: Taken, seed: int) -> list[NDArray[np.bool_]]:
    """Mark what is held out of the train file; of users with two items one, if none has more."""
    splits = SPLITS if len(taken.item_row) < SMALL else 1
    for share in (VALIDATION, 0.5):
        draws = [hold_out(taken.user_row, share, seed=seed + n) for n in range(splits)]
        if draws[0].any():
            return draws
    raise NothingToLearnFrom("users with two items, one to hold out", found=0, needed=1)
