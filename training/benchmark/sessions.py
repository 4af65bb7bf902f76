"""The next click of a session, from its beginning: P@k (hit rate) and MRR@k in percent.

All items are ranked, those of the session too; every beginning of a test session is a question
(Wu et al. 2019, SR-GNN). Everything is chosen and learned on the training sessions, see
:mod:`training.items.sessions.learning`.
"""

from __future__ import annotations

from recsys.errors import BadQuery, NothingToLearnFrom
from recsys.evaluation.metrics import NOBODY
from training.benchmark.outcome import Outcome
from training.benchmark.request import Request
from training.benchmark.session_files import read_test, read_train
from training.benchmark.text import write_lists
from training.items.sessions.learning import (
    FEWEST_SESSIONS,
    Job,
    compared,
    final,
    judge,
    ranked,
    searched,
)
from training.progress import Steps


def run(asked: Request, progress: Steps) -> Outcome:
    """Choose on the latest training sessions, fit on all of them, and measure on the test file.

    Without a test file the figures are those of the last window.

    Raises
    ------
    UnreadableFile
        A file cannot be read.
    NothingToLearnFrom
        Fewer than `FEWEST_SESSIONS` training sessions.
    BadQuery
        Predictions are asked for without a test file.
    """
    if asked.predict and not asked.test:
        raise BadQuery("--predict", str(asked.predict), "with --test, whose prefixes are continued")
    progress.begin("read")
    file = read_train(asked.train)
    if len(file.sessions) < FEWEST_SESSIONS:
        raise NothingToLearnFrom("sessions", found=len(file.sessions), needed=FEWEST_SESSIONS)
    beginnings = read_test(asked.test, file) if asked.test else None
    job = Job(file.sessions, asked.k, asked.seed, progress)
    settings = searched(job)
    parts, judged, best = compared(job, settings)
    figures, measured_on = judged[best], "the latest sixteenth of the train file, as validation"
    if beginnings:
        scorer = final(job, settings, parts, best)
        with job.phase(f"rank for {len(beginnings.targets):,} beginnings"):
            lists = ranked(scorer, beginnings.prefixes, asked.k)
        figures = judge(lists, beginnings.targets)
        measured_on = f"{len(beginnings.targets):,} beginnings of sessions of the test file"
        if asked.predict:
            kept = ([file.items[item] for item in row[row != NOBODY]] for row in lists)
            write_lists(asked.predict, range(1, len(lists) + 1), kept)
    return Outcome(
        figures={f"P@{asked.k}": figures.hit_rate, f"MRR@{asked.k}": figures.mrr},
        measured_on=measured_on,
        chosen=f"{best}; {settings}; on validation "
        + ", ".join(f"{name} {figure}" for name, figure in judged.items()),
        counts={
            "users": len(file.sessions),
            "items": file.sessions.n_items,
            "pairs": len(file.sessions.item_row),
        },
        seconds=job.seconds,
    )
