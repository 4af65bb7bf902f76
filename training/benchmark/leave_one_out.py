"""Leave-one-out from sequences: the last item tests, the one before it validates.

All items are ranked, the user's earlier items removed, as in Kang & McAuley 2018 (SASRec) but
without sampled negatives (Krichene & Rendle 2020).
"""

from __future__ import annotations

import numpy as np

from recsys.errors import BadQuery, NothingToLearnFrom
from recsys.evaluation import split
from training.benchmark import measuring
from training.benchmark.files import read_sequences
from training.benchmark.job import MOST_USERS, ProtocolRun
from training.benchmark.outcome import Outcome
from training.benchmark.request import Request
from training.benchmark.text import write_lists
from training.benchmark.world import BenchmarkWorld, from_the_end, hold_out
from training.items.personal import HeldOutParts
from training.progress import Steps

SHORTEST = 3
"""Items a sequence needs to test and validate with; shorter ones are only learnt from."""


def run(asked: Request, progress: Steps) -> Outcome:
    """Choose on the second-last items, measure on the last ones, predict what comes after them.

    Predictions are the lists that are measured: made without the last items.

    Raises
    ------
    BadQuery
        A test file: this protocol takes its test items from the train file.
    UnreadableFile
        The file cannot be read.
    NothingToLearnFrom
        No sequence is long enough.
    """
    if asked.test:
        raise BadQuery(
            "--test", str(asked.test), "none: the last item of each sequence is the test"
        )
    progress.begin("read")
    world = BenchmarkWorld.of(read_sequences(asked.train), ordered=True)
    events, place = world.events, from_the_end(world.events)
    length = np.diff(events.indptr)[events.user_row]
    long = length >= SHORTEST
    if not long.any():
        raise NothingToLearnFrom(f"sequences of {SHORTEST} items", found=0, needed=1)
    job = ProtocolRun(asked, world, progress)
    judging = hold_out(events, long & (place <= 1), long & (place == 1))
    longer = length > SHORTEST
    learnt = hold_out(
        events, (long & (place <= 1)) | (longer & (place == 2)), longer & (place == 2)
    )
    parts = HeldOutParts("latest", judging, [learnt], repeats=False, most_users=MOST_USERS)
    choice = job.choose(parts)
    lists = job.rank(events.where(~long | (place > 0)), choice, of="all but the last items")
    if asked.predict:
        write_lists(asked.predict, world.users, world.ids(lists[world.rows]))
    last = split.relevant(events.where(long & (place == 0)), world.everything)
    return Outcome(
        figures=measuring.figures(lists, last),
        measured_on=f"the last item of {len(last):,} sequences",
        chosen=str(choice),
        counts=world.counts,
        seconds=job.seconds,
        readings=choice.tomorrows,
    )
