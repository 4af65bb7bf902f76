"""The exports that wait, are made in the background, and go when their time is over."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from api.answers import likely
from api.answers.export_files import HAS, PACKED, folder_of, has_any, remove
from api.answers.export_making import Making, Stopped, likely_of, selection_of, tell, wanted_of
from api.answers.selection import KEPT, keeps_addresses, target
from api.messages.exports import ExportBody
from api.runtime import background, logs
from api.runtime.clock import system
from api.runtime.ids import request_id
from recsys.errors import BadQuery, RecsysError, StoreError, StoreUnavailable
from recsys.storage.exports.log import Export, ExportLog, ExportState
from recsys.storage.hooks import delivered
from recsys.storage.privacy.erasure import erased_after

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from api.service import Service

ERASED = "somebody in it was erased since"


def check(service: Service, body: ExportBody) -> None:
    """Refuse what could not be made.

    Raises
    ------
    QueryError
        Why.
    NoChampion
        Nothing could be answered.
    """
    selection = selection_of(service, body)
    wanted_of(selection, body)
    if (wish := likely_of(body)) is not None:
        likely.scored(service, selection.serving, wish)
    if body.email and not keeps_addresses(service):
        raise BadQuery("email", body.email, f"false; or true where {KEPT}")
    if body.tool:
        target(selection, body.tool)
        if body.format not in PACKED:
            raise BadQuery("format", body.format, f"with tool: {', '.join(sorted(PACKED))}")
    elif body.everything or body.force:
        raise BadQuery("tool", body.tool, "a tool, with everything and force")


def confirm(service: Service, one: Export) -> None:
    """Note that a tool took its file: the next one has what changed after it.

    Raises
    ------
    BadQuery
        It is not for a tool, or its files are not here.
    StoreUnavailable
        It is not noted.
    """
    path = folder_of(service, one.export_id) / HAS
    if one.state is not ExportState.DONE or not one.asked["tool"] or not path.is_file():
        raise BadQuery("export_id", one.export_id, "one for a tool, done and still here")
    has = json.loads(path.read_text(encoding="utf-8"))
    delivered.put(service.log.database, one.asked["tool"], has, now=service.clock())


def tidy(service: Service, exports: ExportLog) -> None:
    """Let go of files that stayed long enough, and of those with somebody who was erased since.

    Raises
    ------
    StoreUnavailable
        Some stay until the next time.
    """
    for one in exports.done():
        if one.expires_at is not None and one.expires_at < system():
            drop(service, exports, one, "its time is over")
        elif has_erased(service, one):
            drop(service, exports, one, ERASED)


def has_erased(service: Service, one: Export) -> bool:
    """Return whether somebody in an export was erased since it was begun.

    Raises
    ------
    StoreUnavailable
        That is not known.
    """
    gone = {user_id for user_id, _ in erased_after(service.log.database, one.erasures)}
    return bool(gone) and has_any(service, one, gone)


def drop(service: Service, exports: ExportLog, one: Export, why: str) -> None:
    """Delete the files of an export.

    Raises
    ------
    StoreUnavailable
        It is not noted.
    """
    exports.expire(one.export_id, why)
    remove(service, one)


@dataclass(slots=True)
class Exports:
    """Makes what waits, one at a time.

    Attributes
    ----------
    service : Service
        Answers.
    logger : FilteringBoundLogger
        Told of what fails.
    """

    service: Service
    logger: FilteringBoundLogger
    worker: str = field(default_factory=request_id)
    closing: bool = False

    @property
    def log(self) -> ExportLog:
        """The exports there are."""
        return self.service.exports

    async def follow(self, closing: asyncio.Event, seconds: float) -> None:
        """Look for what waits, again and again."""
        await background.repeated(
            self.work, closes=self.close, closing=closing, seconds=seconds,
            on_failure=(StoreError, OSError),
        )  # fmt: skip

    def close(self) -> None:
        """Begin nothing more, and stop after the part at hand."""
        self.closing = True

    def work(self) -> int:
        """Make all that wait, and return how many those were; runs in a thread.

        Raises
        ------
        StoreError
            The rest waits on.
        """
        count = 0
        tidy(self.service, self.log)
        while not self.closing and (one := self.log.take(self.worker, now=system())) is not None:
            self._made(one)
            count += 1
        return count

    def _made(self, one: Export) -> None:
        try:
            Making(self.service, one, self.worker, is_closing=lambda: self.closing).run()
        except Stopped:
            self.log.let_go(one, self.worker)
        except StoreUnavailable:
            # Whoever finds the store again goes on.
            self.log.let_go(one, self.worker)
            raise
        except RecsysError as error:
            self._failed(one, str(error))
        except OSError as error:
            self._failed(one, f"its file cannot be written: {error.strerror}")
        except Exception as error:  # noqa: BLE001 - a bug ends the export, not the service
            told = logs.described(error)
            self.logger.error("export failed", export=one.export_id, **told)  # noqa: TRY400
            self._failed(one, "a bug in this service; it was logged")

    def _failed(self, one: Export, why: str) -> None:
        also = partial(tell, self.service)
        self.log.end(one.export_id, ExportState.FAILED, why=why, now=system(), also=also)
        remove(self.service, one)
