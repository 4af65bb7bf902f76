"""Leave-one-out from sequences: the last item tests, the one before it validates.

All items are ranked, the user's earlier items removed, as in Kang & McAuley 2018 (SASRec) but
without sampled negatives (Krichene & Rendle 2020).
"""

from __future__ import annotations

from recsys.errors import BadQuery, NothingToLearnFrom
from training.benchmark import measuring
from training.benchmark.files import read_sequences
from training.benchmark.histories import Taken, from_the_end
from training.benchmark.job import Job
from training.benchmark.outcome import Outcome
from training.benchmark.request import Request
from training.benchmark.text import write_lists
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
    taken = Taken.of(read_sequences(asked.train))
    place = from_the_end(taken.user_row)
    long = (place[taken.starts] >= SHORTEST - 1)[taken.user_row]
    if not long.any():
        raise NothingToLearnFrom(f"sequences of {SHORTEST} items", found=0, needed=1)
    job = Job(asked, progress)
    past, wanted = taken.histories(~long | (place > 1)), taken.histories(long & (place == 1))
    found = job.search([(past, wanted)])
    lists = job.rank(taken.histories(~long | (place > 0)), found, of="all but the last items")
    if asked.predict:
        write_lists(asked.predict, taken.users, taken.ids(lists))
    return Outcome(
        figures=measuring.figures(lists, taken.histories(long & (place == 0))),
        measured_on=f"the last item of {long[taken.starts].sum():,} sequences",
        chosen=str(found),
        counts=taken.counts,
        seconds=job.seconds,
    )
