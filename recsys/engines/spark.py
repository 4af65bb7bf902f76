"""Parts on Spark: in threads of this machine, on a cluster, or over Spark Connect.

Only the parts travel: the same functions run on the same arrays as in this process, so that what
comes of a run has the same bits. Executors need the same code as this process, installed; what a
run shares goes to each of them once, as files, and is mapped there.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from recsys.engines.engine import Later, Part, Progress, Result, Shared, Usage
from recsys.engines.processes import keep, work_in
from recsys.errors import BadValue, MissingExtra

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyspark.sql import SparkSession

CONNECT = "sc://"
SCHEMA = "part long, worker string, peak long, cpu double, result binary"

AT_ONCE = 256
"""Parts a job: what comes of one job is in memory at a time."""


class Spark:
    """A session of Spark; see :class:`recsys.engines.engine.Engine`.

    Parameters
    ----------
    where : str
        ``local[2]``, ``spark://host:7077`` or ``sc://host:15002``. How much memory and how many
        cores executors have is said as to all programs of Spark: in ``spark-defaults.conf``.

    Raises
    ------
    MissingExtra
        PySpark is not installed.
    BadValue
        There is no Java, which all but Spark Connect need here.
    """

    def __init__(self, where: str) -> None:
        self._session, self._is_own = _session(where)
        self._folder = TemporaryDirectory(prefix="recsys-spark-")
        self._threads = ThreadPoolExecutor(4)
        self._kept: list[tuple[object, str]] = []
        self._used: dict[str, Usage] = {}

    def __enter__(self) -> Self:
        """Begin; executors start when there is something to do."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the session, unless another began it, and remove what was shared."""
        if error is not None:
            self._session.interruptAll()
        self._threads.shutdown(cancel_futures=True)
        if self._is_own:
            self._session.stop()
        self._folder.cleanup()

    @property
    def used(self) -> Usage:
        """What this process and the workers of Spark used, without its JVMs."""
        return Usage.total([Usage.own(), *self._used.values()])

    def each(
        self, work: Callable[[Shared, Part], Result], shared: Shared, parts: Sequence[Part]
    ) -> Iterator[Result]:
        """Yield what comes of each part, in their order."""
        if not len(parts):
            return
        name = self._put(shared)
        for start in range(0, len(parts), AT_ONCE):
            yield from self._job(work, name, parts[start : start + AT_ONCE])

    def aside(self, work: Callable[[Shared, Progress], Result], shared: Shared) -> Later[Result]:
        """Begin it as a job of one part, which tells nothing of its progress."""
        name = self._put(shared)
        begun = self._threads.submit(self._job, work, name, [_silent])
        return lambda _: begun.result()[0]

    def _job(self, work: Callable[[Any, Any], Any], shared: str, parts: Sequence[Any]) -> list[Any]:
        """Return what comes of parts, of which each is a task."""
        job = pickle.dumps((work, shared, list(parts)), protocol=5)

        def done(batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
            return _done(job, batches)

        n = len(parts)
        table = self._session.range(0, n, 1, n).mapInArrow(done, SCHEMA).toArrow()
        rows = sorted(table.to_pylist(), key=lambda row: int(row["part"]))
        for row in rows:
            before = self._used.get(row["worker"], Usage(0, 0))
            peak, cpu = (max(row["peak"], before.peak_bytes), max(row["cpu"], before.cpu_seconds))
            self._used[row["worker"]] = Usage(peak, cpu)
        return [pickle.loads(row["result"]) for row in rows]  # noqa: S301 - of this very run

    def _put(self, shared: object) -> str:
        """Send a value to where executors find it by a name; the same one is sent once."""
        for known, name in self._kept:
            if known is shared:
                return name
        name = f"{Path(self._folder.name).name}-{len(self._kept)}"
        files = keep(shared, Path(self._folder.name), name=name)
        self._session.addArtifacts(*map(str, files), file=True)
        self._kept.append((shared, name))
        return name


def _session(where: str) -> tuple[SparkSession, bool]:
    """Return the session there is, or a new one, and whether it is new."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise MissingExtra("training.engine = 'spark'", "spark") from None
    # Arrow alone is used here; PySpark speaks of what it would do with pandas.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    if (active := SparkSession.getActiveSession()) is not None:
        return active, False
    if where.startswith(CONNECT):
        return SparkSession.builder.remote(where).getOrCreate(), True
    if "JAVA_HOME" not in os.environ and shutil.which("java") is None:
        needed = "memory or processes; spark needs Java 17 or later on this machine"
        raise BadValue("training.engine", "spark", needed)
    own: dict[str, Any] = {
        "spark.app.name": "recsys",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if where.startswith("local"):
        own |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.pyspark.python": sys.executable,
            "spark.executorEnv.PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
    return SparkSession.builder.master(where).config(map=own).getOrCreate(), True


def _done(job: bytes, batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
    """Do the parts that are numbered in the batches; runs in a worker of Spark."""
    import pyarrow as pa
    from pyspark import SparkFiles
    from threadpoolctl import threadpool_limits

    work, shared, parts = pickle.loads(job)  # noqa: S301 - of this very run
    folder = Path(SparkFiles.get(f"{shared}facts")).parent
    worker = f"{os.uname().nodename} {os.getpid()}"
    for batch in batches:
        for number in batch.column(0).to_pylist():
            with threadpool_limits(1):
                result = work_in(folder, shared, work, parts[number])
            used = Usage.own()
            row = {
                "part": number,
                "worker": worker,
                "peak": used.peak_bytes,
                "cpu": used.cpu_seconds,
                "result": pickle.dumps(result, protocol=5),
            }
            yield pa.RecordBatch.from_pylist([row])


def _silent(text: str) -> None:
    pass
