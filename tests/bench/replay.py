"""Anonymous sessions replayed through the API: `python -m tests.bench.replay TRAIN TEST`.

Both files are as `recsys benchmark --protocol sessions` reads them. The training sessions become
events of users seen once, the project trains on them as on any log, and each beginning of a test
session is sent to a running API as events of a user it has never seen, who then asks for a list.
Times in the file there are none: sessions are spread evenly, their clicks a minute apart.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import tomlkit
import typer
from numpy.typing import NDArray

from recsys.bundle import Bundle
from recsys.config import Config, parse
from recsys.data.times import DAY, SECOND, moment
from tests.bench.champion import champion
from tests.bench.servers import Server, serving
from tests.bench.tool import console, run
from training.benchmark.session_files import TestFile, TrainFile, read_test, read_train
from training.cli import train as training
from training.event_log import open_log
from training.items.sessions.learning import judge, ranked

START = 1_700_000_000 * SECOND
DAYS = 96
TEST_DAYS = 6
"""A sixteenth of the days, as the windows of the benchmark are of the sessions."""
KIND = "view"
K = 20
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Answered:
    """Lists that the API gave, as item rows, with the rungs they came from and their cost."""

    lists: NDArray[np.int32]
    rungs: dict[str, int]
    milliseconds: float


def main(
    train: Annotated[Path, typer.Argument(help="A list of items a line, the oldest first.")],
    test: Annotated[Path, typer.Argument(help='{"prefix": […], "target": item} a line.')],
    sample: Annotated[int, typer.Option(help="Beginnings replayed, drawn by 0; 0: all.")] = 0,
    folder: Annotated[Path | None, typer.Option(help="Keep log and models here.")] = None,
) -> None:
    """Train, replay, and print P@20 and MRR@20 beside those of the same model asked directly."""
    with TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        file = read_train(train)
        config = configured(place)
        if not (place / "models" / "champion").exists():
            learn(file, config, place)
        asked = some(read_test(test, file), sample)
        offline = lists_of_the_model(champion(place / "recsys.toml"), asked, file)
        with running(place) as server:
            answered = replayed(server, asked, file)
    show("asked directly", offline, asked.targets)
    show("through the API", answered.lists, asked.targets)
    console.print(f"rungs: {answered.rungs}; {answered.milliseconds:.2f} ms an answer, in batches")


def configured(place: Path) -> Config:
    """Return a configuration for views by users who never come back."""
    file = {
        "storage": {
            "url": f"sqlite:///{(place / 'events.db').resolve()}",
            "models_dir": str((place / "models").resolve()),
        },
        "items": {"test_days": TEST_DAYS, "min_history": 1_000, "ready_items": K, "at_k": K},
        "churn": {"critical_kind": KIND, "horizon_days": DAYS, "active_days": DAYS},
        "serving": {"clock_start": f"{moment(START + DAYS * DAY):%Y-%m-%dT%H:%M:%SZ}"},
    }
    (place / "recsys.toml").write_text(tomlkit.dumps(file))
    return parse(file, {})


def learn(file: TrainFile, config: Config, place: Path) -> None:
    """Log the training sessions and train on them."""
    sessions = file.sessions
    apart = DAYS * DAY // max(len(sessions), 1)
    at = START + sessions.session_row * apart + sessions.place * 60 * SECOND
    kept = at < START + DAYS * DAY
    columns = {
        "event_id": [f"{row:09d}" for row in range(int(kept.sum()))],
        "user_id": [f"s{row:07d}" for row in sessions.session_row[kept].tolist()],
        "kind": [KIND] * int(kept.sum()),
        "at": at[kept],
        "item_id": [str(file.items[row]) for row in sessions.item_row[kept].tolist()],
    }
    with open_log(config) as log:
        log.append_columns(columns, now=START)
    training.carry_out(config, console, report_file=place / "report.html")


def some(asked: TestFile, sample: int) -> TestFile:
    """Return so many beginnings, in the order of the file; 0: all of them."""
    if not sample or sample >= len(asked.targets):
        return asked
    rows = np.sort(np.random.default_rng(0).permutation(len(asked.targets))[:sample])
    prefixes = list(asked.prefixes)
    chosen = [prefixes[row].tolist() for row in rows]
    stacked = type(asked.prefixes).of(chosen, n_items=asked.prefixes.n_items)
    return TestFile(stacked, asked.targets[rows])


def lists_of_the_model(bundle: Bundle, asked: TestFile, file: TrainFile) -> NDArray[np.int32]:
    """Rank with the session blend of the champion, in rows of the train file."""
    if bundle.items.at_hand is None:
        raise SystemExit("the model does not listen to sessions: they did not win on validation")
    row_of = bundle.interactions.items.rows(str(item) for item in file.items)
    back = np.full(len(bundle.interactions.items), -1, np.int32)
    back[row_of[row_of >= 0]] = np.flatnonzero(row_of >= 0)
    known = type(asked.prefixes)(
        asked.prefixes.indptr, row_of[asked.prefixes.item_row], len(bundle.interactions.items)
    )
    lists = ranked(bundle.items.at_hand.blend.score, known, K)
    return np.where(lists >= 0, back[lists], -1).astype(np.int32)


def running(place: Path) -> AbstractContextManager[Server]:
    """Serve the champion from a process of its own."""
    command = ["recsys", "serve", "--port", "{port}", "--config", str(place / "recsys.toml")]
    return serving(command, ready="/health/ready", environment={"OPENBLAS_NUM_THREADS": "1"})


def replayed(server: Server, asked: TestFile, file: TrainFile) -> Answered:
    """Send each beginning as events of somebody new, and ask for their list."""
    row = {str(item): number for number, item in enumerate(file.items)}
    lists = np.full((len(asked.targets), K), -1, np.int32)
    rungs, spent = Counter[str](), 0.0
    session = f"{os.getpid()}-{time.time_ns()}"
    for start, prefixes in _chunks(asked):
        users = [f"anonymous {session} {start + n}" for n in range(len(prefixes))]
        for batch in _batches(users, prefixes, file):
            server.post("/v1/events", {"batch": batch})
        began = time.perf_counter()
        body = {"user_ids": users, "limit": K, "explain": False}
        answers = server.post("/v1/recommendations:batch", body)["answers"]
        spent += time.perf_counter() - began
        rungs.update(answer["rung"] for answer in answers)
        for number, answer in enumerate(answers, start=start):
            items = [row[item["item_id"]] for item in answer["items"]]
            lists[number, : len(items)] = items
    return Answered(lists, dict(rungs), 1e3 * spent / max(len(lists), 1))


def show(name: str, lists: NDArray[np.int32], targets: NDArray[np.int32]) -> None:
    """Print P@20 and MRR@20 of some lists."""
    found = judge(lists, targets)
    said = f"P@{K} {found.hit_rate:.2f}  MRR@{K} {found.mrr:.2f}"
    console.print(f"{name:16} {said} over {len(targets):,} beginnings")


def _chunks(asked: TestFile) -> Iterator[tuple[int, list[NDArray[np.int32]]]]:
    prefixes = list(asked.prefixes)
    for start in range(0, len(prefixes), CHUNK):
        yield start, prefixes[start : start + CHUNK]


def _batches(
    users: list[str], prefixes: list[NDArray[np.int32]], file: TrainFile
) -> Iterator[list[dict[str, str]]]:
    events = [
        {"user_id": user, "item_id": str(file.items[row]), "event": KIND}
        for user, prefix in zip(users, prefixes, strict=True)
        for row in prefix.tolist()
    ]
    for start in range(0, len(events), 1_000):
        yield events[start : start + 1_000]


if __name__ == "__main__":
    run(main)
