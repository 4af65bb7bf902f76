"""Which model version serves: the champion, and the one before it when the champion is damaged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from api.errors import OtherStore
from api.model.served import Current, Serving
from api.runtime import logs
from recsys.bundle import Bundle, Manifest
from recsys.config import Config
from recsys.errors import StoreError, StoreUnavailable
from recsys.model_version import Answering
from recsys.storage.models import journal
from recsys.storage.models.store import ModelStore, Pointer

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import FilteringBoundLogger

_PAGE_BYTES = 4_096
_PATIENT_POLLS = 10


class Champion:
    """Keeps the current version at the champion of a model store.

    Parameters
    ----------
    store : ModelStore
        Where versions lie.
    current : Current
        What is kept up to date.
    config : Config
        Privacy, and the trait that makes segments.
    belongs : callable
        Returns why a version must not answer from the store that there is, empty where it may.
    on_swap : callable
        Called with every version that begins to serve, before it does.
    logger : FilteringBoundLogger
        Told of swaps and refusals.
    """

    def __init__(
        self,
        store: ModelStore,
        current: Current,
        config: Config,
        *,
        belongs: Callable[[Manifest], str],
        on_swap: Callable[[Serving], None],
        logger: FilteringBoundLogger,
    ) -> None:
        self._store = store
        self._current = current
        self._config = config
        self._granted = config.privacy.profiling == "granted"
        self._belongs = belongs
        self._on_swap = on_swap
        self._logger = logger
        self._seen: Pointer | None = None
        self._tried_at = time.monotonic()
        self._unchecked: Manifest | None = None

    def start(self) -> None:
        """Load the champion; when it is refused, the nearest earlier champion that is sound.

        A damaged pointer is refused too: then the history names the champions.
        """
        pointer = self._pointer()
        first = self._current.refused
        for version in self._lineage(pointer):
            if self._try(version):
                break
            first = first or self._current.refused
        self._current.refused = first

    async def look(self) -> bool:
        """Look for a new champion once, and return whether another version serves now.

        Loading it disturbs no request. A version that was taken while the store could not be read
        is compared with the store as soon as it can.
        """
        await asyncio.to_thread(self._check)
        before, seen = self._current.version, self._seen
        pointer = await asyncio.to_thread(self._pointer)
        if pointer is not None and (pointer != seen or self._is_due(pointer)):
            await asyncio.to_thread(self._try, pointer.version)
        return self._current.version != before

    def _is_due(self, pointer: Pointer) -> bool:
        """Return whether a champion that was refused is tried again: it may have been repaired."""
        if self._current.version == pointer.version:
            return False
        now = time.monotonic()
        due = now - self._tried_at >= _PATIENT_POLLS * self._config.serving.poll_seconds
        self._tried_at = now if due else self._tried_at
        return due

    def _pointer(self) -> Pointer | None:
        try:
            self._seen = self._store.champion()
        except (StoreError, OSError) as error:
            self._seen = None
            self._refuse("champion", str(error))
        return self._seen

    def _lineage(self, pointer: Pointer | None) -> list[str]:
        """Return the champion and those before it; the history knows them if the pointer fails."""
        named = None if pointer is None else pointer.version
        try:
            history = self._store.history()
        except StoreError as error:
            self._refuse("champion", str(error))
            history = ()
        return list(dict.fromkeys(reversed(journal.lineage(history, named))))

    def _try(self, version: str) -> bool:
        if self._current.version != version:
            try:
                serving = self.load(version)
                self._on_swap(serving)
            except (StoreError, OSError) as error:
                return self._refuse(version, str(error))
            except Exception as error:  # noqa: BLE001 - what cannot answer must not serve
                facts = logs.described(error)
                return self._refuse(version, f"{version} cannot answer: {facts['error']}", **facts)
            self._current.swap(serving)
            self._logger.info("model version loaded", version=version)
        if self._seen is not None and self._seen.version == version:
            self._current.refused = ""
        return True

    def load(self, version: str) -> Serving:
        """Return a version, ready to answer, whether or not it is the champion.

        Raises
        ------
        StoreError
            It cannot be read, or does not belong to the store.
        """
        bundle, manifest = self._store.load(version, Bundle)
        for array in arrays(bundle):
            touch(array)
        why = self._why_not(manifest)
        if why and not self._config.serving.accept_other_store:
            raise OtherStore(version, why)
        granted = self._granted and not why and self._unchecked is None
        answering = Answering.of(
            version,
            bundle,
            manifest,
            profiling_default=granted,
            trait=self._config.segments.trait,
        )
        sha256 = self._store.manifest_sha256(version)
        return Serving.of(answering, sha256=sha256)

    def _why_not(self, manifest: Manifest) -> str:
        try:
            self._unchecked, why = None, self._belongs(manifest)
        except StoreUnavailable:
            # Until it can be read nobody is profiled who has not granted it.
            self._unchecked, why = manifest, ""
        return why

    def _check(self) -> None:
        """Compare what serves with the store, where that was not done yet."""
        if self._unchecked is None or self._current.version is None:
            return
        serving = self._current.serving
        if self._why_not(self._unchecked):
            self._current.withdraw()
            self._try(serving.answering.version)
        elif self._unchecked is None:
            answering = replace(serving.answering, profiling_default=self._granted)
            self._current.swap(replace(serving, answering=answering))

    def _refuse(self, version: str, why: str, **facts: Any) -> bool:
        if self._current.refused != why:
            self._logger.error("model version refused", version=version, why=why, **facts)
        self._current.refused = why
        return False


def arrays(value: Any) -> Iterator[np.ndarray[Any, Any]]:
    """Yield every array in a tree of dataclasses and tuples."""
    if isinstance(value, np.ndarray):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from arrays(getattr(value, field.name))
    elif isinstance(value, tuple) and value and is_dataclass(value[0]):
        for part in value:
            yield from arrays(part)


def touch(array: np.ndarray[Any, Any]) -> None:
    """Read a byte of every page, so that no request waits for the disk."""
    if array.flags.c_contiguous:
        np.add.reduce(array.reshape(-1).view(np.uint8)[::_PAGE_BYTES], dtype=np.uint64)
