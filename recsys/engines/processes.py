"""Parts in several processes, with what they share on disk, mapped by all of them."""

from __future__ import annotations

import mmap
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache
from itertools import accumulate, pairwise
from multiprocessing import active_children, get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from recsys.engines.engine import Later, Part, Progress, Result, Shared, Usage

FACTS, ARRAYS = "facts", "arrays"


class Processes:
    """A pool of fresh processes; see :class:`recsys.engines.engine.Engine`.

    Fresh ones, not copies of this one: threads and open files of this process stay its own. Use it
    in a `with` block: leaving it by an error ends the workers at once.

    Parameters
    ----------
    workers : int
        How many, 1 or more.
    """

    def __init__(self, workers: int) -> None:
        self._folder = TemporaryDirectory(prefix="recsys-training-")
        self._pool = ProcessPoolExecutor(
            workers, mp_context=get_context("spawn"), initializer=_begin
        )
        self._kept: list[tuple[object, Path]] = []
        self._used: dict[int, Usage] = {}

    def __enter__(self) -> Self:
        """Begin; workers start when there is something to do."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the workers and remove what they shared."""
        if error is not None:
            for worker in active_children():
                worker.terminate()
        self._pool.shutdown(cancel_futures=True)
        self._folder.cleanup()

    @property
    def used(self) -> Usage:
        """What this process and its workers used until they were last done with something."""
        return Usage.total([Usage.own(), *self._used.values()])

    def each(
        self, work: Callable[[Shared, Part], Result], shared: Shared, parts: Sequence[Part]
    ) -> Iterator[Result]:
        """Yield what comes of each part, in their order; a single one needs no worker."""
        if len(parts) < 2:
            yield from (work(shared, part) for part in parts)
            return
        folder = self._put(shared)
        begun = [self._pool.submit(_work, work, folder, part) for part in parts]
        yield from map(self._result, begun)

    def aside(self, work: Callable[[Shared, Progress], Result], shared: Shared) -> Later[Result]:
        """Begin it in a worker, which tells nothing of its progress."""
        begun = self._pool.submit(_work, work, self._put(shared), _silent)
        return lambda _: self._result(begun)

    def _result(self, begun: Future[Any]) -> Any:
        worker, used, result = begun.result()
        self._used[worker] = used
        return result

    def _put(self, shared: object) -> Path:
        """Return where a value is kept for the workers: the same one is kept once."""
        for known, folder in self._kept:
            if known is shared:
                return folder
        folder = Path(self._folder.name) / str(len(self._kept))
        folder.mkdir()
        keep(shared, folder)
        self._kept.append((shared, folder))
        return folder


def keep(value: object, folder: Path, *, name: str = "") -> tuple[Path, Path]:
    """Write a value so that :func:`kept` maps its arrays (pickle, protocol 5, PEP 574).

    Its two files begin with `name`.
    """
    of_facts, of_arrays = folder / f"{name}{FACTS}", folder / f"{name}{ARRAYS}"
    arrays: list[pickle.PickleBuffer] = []
    facts = pickle.dumps(value, protocol=5, buffer_callback=arrays.append)
    sizes = []
    with of_arrays.open("wb") as file:
        for array in arrays:
            raw = array.raw()
            # Arrays begin where their numbers may lie.
            sizes += [raw.nbytes, -raw.nbytes % 64]
            file.write(raw)
            file.write(bytes(sizes[-1]))
    of_facts.write_bytes(pickle.dumps((sizes, facts)))
    return of_facts, of_arrays


def kept(folder: Path, *, name: str = "") -> Any:
    """Return what was kept in a folder of this run; its arrays are read-only."""
    sizes, facts = pickle.loads((folder / f"{name}{FACTS}").read_bytes())  # noqa: S301 - of this very run
    if not sum(sizes):
        return pickle.loads(facts, buffers=[b""] * (len(sizes) // 2))  # noqa: S301 - the same
    with (folder / f"{name}{ARRAYS}").open("rb") as file:
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    places = list(pairwise(accumulate(sizes, initial=0)))[::2]
    arrays = [mapped[start:stop] for start, stop in places]
    return pickle.loads(facts, buffers=arrays)  # noqa: S301 - the same


def _begin() -> None:
    """Prepare a worker: the process that began it decides when it ends, and one thread each."""
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(1)


@lru_cache(maxsize=2)
def _shared(folder: Path, name: str) -> Any:
    return kept(folder, name=name)


def work_in(folder: Path, name: str, work: Callable[[Any, Any], Any], part: Any) -> Any:
    """Return what comes of a part; what it shares is mapped once a worker."""
    return work(_shared(folder, name), part)


def _work(work: Callable[[Any, Any], Any], folder: Path, part: Any) -> tuple[int, Usage, Any]:
    result = work_in(folder, "", work, part)
    return os.getpid(), Usage.own(), result


def _silent(text: str) -> None:
    pass
