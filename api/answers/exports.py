"""Makes exports in the background: part by part, each whole or not there.

A part is written under another name first and noted when it is on the disk, so whoever goes on
after a crash begins after the last one that was noted. Consents are read when a user is written.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import file_digest, sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from api.answers import audience, likely, write_back
from api.answers.export import CHUNK, Emails, export
from api.answers.selection import KEPT, Selection, addresses, keeps_addresses, target
from api.answers.write_back import Wish
from api.messages.exports import ExportBody
from api.messages.groups import LikelyBody
from api.runtime import background, logs
from api.runtime.clock import system
from api.runtime.ids import request_id
from api.webhooks import telling
from recsys.data.ids import IdMap
from recsys.data.times import HOUR
from recsys.errors import BadQuery, RecsysError, StoreError, StoreUnavailable
from recsys.storage.database.interface import Writing
from recsys.storage.exports.log import Export, ExportCrowd, ExportFile, ExportLog, ExportState
from recsys.storage.hooks import delivered
from recsys.storage.privacy.erasure import erased_after
from recsys.storage.webhooks import messages
from recsys.storage.webhooks.endpoints import WebhookKind

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from api.service import Service

PACKED = frozenset({"csv", "jsonl"})
"""Formats whose files are gzipped, and can be put one after the other."""

ERASED = "somebody in it was erased since"
_HAS = "delivered.json"
_PEOPLE = ".people"
_COPIED = 1 << 20


class _Stopped(Exception):
    """It was cancelled, taken over, or the service ends."""


def folder_of(service: Service, export_id: str) -> Path:
    """Return where the files of an export are."""
    return Path(service.config.storage.exports_dir) / export_id


def check(service: Service, body: ExportBody) -> None:
    """Refuse what could not be made.

    Raises
    ------
    QueryError
        Why.
    NoChampion
        Nothing could be answered.
    """
    selection = _selection(service, body)
    _wanted(selection, body)
    if (wish := _wish(body)) is not None:
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
    path = folder_of(service, one.export_id) / _HAS
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
    if not gone:
        return False
    folder = folder_of(service, one.export_id)
    return any(not gone.isdisjoint(_people(path)) for path in folder.glob(f".*{_PEOPLE}"))


def remove(service: Service, one: Export) -> None:
    """Delete the files of an export, as far as they are here."""
    shutil.rmtree(folder_of(service, one.export_id), ignore_errors=True)


def drop(service: Service, exports: ExportLog, one: Export, why: str) -> None:
    """Delete the files of an export.

    Raises
    ------
    StoreUnavailable
        It is not noted.
    """
    exports.expire(one.export_id, why)
    remove(service, one)


def tell(service: Service, writing: Writing, one: Export) -> None:
    """Tell webhooks that an export ended, in the transaction that notes it: once."""
    told = {
        "export_id": one.export_id, "state": one.state, "why": one.why or None,
        "tool": one.asked["tool"], "rows": one.rows, "parts": len(one.parts),
    }  # fmt: skip
    to = [
        each
        for each in service.webhooks.every()
        if WebhookKind.EXPORT in each.kinds and not each.off
    ]
    message_id = f"msg_{one.export_id}"
    messages.put(writing, [
        telling.message(each, WebhookKind.EXPORT, told, at=system(), message_id=message_id)
        for each in to
    ])  # fmt: skip


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
            _Making(self, one).run()
        except _Stopped:
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


class _Making:
    """One export, being made."""

    def __init__(self, maker: Exports, one: Export) -> None:
        service = maker.service
        self._maker, self._one, self._log = maker, one, maker.log
        self._body = msgspec.convert(dict(one.asked), ExportBody)
        self._selection = _selection(service, self._body)
        self._wanted = _wanted(self._selection, self._body)
        self._folder = folder_of(service, one.export_id)
        self._since = time.perf_counter()

    def run(self) -> None:
        """Make all parts that are lacking."""
        service, one = self._maker.service, self._one
        ids = self._ids()
        parts = self._whole_of(ids)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._body.tool:
            parts = [self._for_tool(self._body.tool, ids)]
            self._still(self._log.put(one, self._maker.worker, parts))
        while not parts or sum(part.looked_at for part in parts) < len(ids):
            parts.append(self._part(len(parts) + 1, ids, sum(part.looked_at for part in parts)))
            self._still(self._log.put(one, self._maker.worker, parts))
        keep = int(service.config.serving.export_hours * HOUR)
        also = partial(tell, service)
        self._log.end(one.export_id, ExportState.DONE, now=system(), keep=keep, also=also)

    def _ids(self) -> IdMap | Sequence[str]:
        """Return whom to look at, in this order."""
        service, wish = self._maker.service, _wish(self._body)
        if wish is None:
            return service.identities.people(self._selection.known)
        found = likely.likely(service, self._selection.serving, wish)
        return [one.user_id for one in found.users]

    def _whole_of(self, ids: IdMap | Sequence[str]) -> list[ExportFile]:
        """Return the parts that are there already; none where they are of another crowd."""
        one, database = self._one, self._maker.service.log.database
        people = _digest(ids)
        same = (one.version, one.people) == (self._selection.version, people)
        here = all((self._folder / part.name).is_file() for part in one.parts)
        if same and here and not self._body.tool:
            return list(one.parts)
        shutil.rmtree(self._folder, ignore_errors=True)
        erasures = erased_after(database, 0)
        last = erasures[-1][1] if erasures else 0
        crowd = ExportCrowd(self._selection.version, len(ids), people, last)
        self._still(self._log.begin(one, self._maker.worker, crowd))
        return []

    def _part(self, number: int, ids: IdMap | Sequence[str], start: int) -> ExportFile:
        stop = min(start + self._maker.service.config.serving.export_part_users, len(ids))
        path = self._folder / f"part-{number:05}.{self._body.format}"
        written: list[str] = []

        def answer(user_ids: Sequence[str]) -> Any:
            written.extend(user_ids)
            return self._selection.answers(user_ids)

        rows = export(
            answer,
            self._chosen(ids[row] for row in range(start, stop)),
            path,
            limit=self._selection.query.limit,
            progress=lambda _: None,
            emails=self._emails(),
        )
        self._name(path, written)
        return _packed(path, rows=rows, looked_at=stop - start)

    def _for_tool(self, tool: str, ids: IdMap | Sequence[str]) -> ExportFile:
        service, body = self._maker.service, self._body
        path = self._folder / f"{tool}.{body.format}"
        done, has = write_back.write(
            self._selection.answered(self._chosen(iter(ids))),
            path,
            target(self._selection, tool),
            limit=self._selection.query.limit,
            known=delivered.of(service.log.database, tool),
            may=Wish(body.everything, body.force),
        )
        (self._folder / _HAS).write_text(json.dumps(has), encoding="utf-8")
        self._name(path, has)
        return _packed(path, rows=done.changed + done.cleared, looked_at=len(ids))

    def _chosen(self, user_ids: Iterable[str]) -> Iterable[str]:
        channel, selection = self._body.channel or "", self._selection
        if self._body.likely is not None:
            users = self._paced(user_ids)
            return likely.still_may(selection.service, selection.serving, users, channel)
        return self._selection.chosen(self._paced(user_ids), self._wanted, channel=channel)

    def _emails(self) -> Emails | None:
        return partial(addresses, self._maker.service) if self._body.email else None

    def _paced(self, user_ids: Iterable[str]) -> Iterator[str]:
        """Yield users; half of the time is for those who wait for answers."""
        users = iter(user_ids)
        while chunk := list(islice(users, CHUNK)):
            self._still(self._log.goes_on(self._one, self._maker.worker, now=system()))
            time.sleep(time.perf_counter() - self._since)
            self._since = time.perf_counter()
            yield from chunk

    def _still(self, ours: bool) -> None:  # noqa: FBT001 - what a statement returned
        if not ours or self._maker.closing:
            raise _Stopped

    def _name(self, path: Path, people: Iterable[str]) -> None:
        """Note who is in a part, for the day that one of them is erased."""
        named = "\0".join(people).encode("utf-8", "surrogatepass")
        path.with_name(f".{path.name}{_PEOPLE}").write_bytes(named)


def _selection(service: Service, body: ExportBody) -> Selection:
    said = {} if body.limit is None else {"limit": body.limit}
    query = service.reader.said({**said, "exclude": list(body.exclude)})
    return Selection(service, service.current.serving, query)


def _wanted(selection: Selection, body: ExportBody) -> audience.AudienceQuery | None:
    if body.rule is not None or body.segment is not None:
        return selection.wanted(body)
    arms = selection.service.config.channels.arms
    if body.channel and body.channel not in arms:
        raise BadQuery("channel", body.channel, ", ".join(arms))
    return None


def _wish(body: ExportBody) -> LikelyBody | None:
    """Return whom it is likely of, with the channel of the export.

    Raises
    ------
    BadQuery
        Others are asked for too, or a channel of its own.
    """
    if body.likely is None:
        return None
    if body.rule is not None or body.segment is not None:
        raise BadQuery("likely", body.likely, "without rule and segment")
    if body.likely.channel is not None:
        raise BadQuery("likely.channel", body.likely.channel, "outside of likely: channel")
    return msgspec.structs.replace(body.likely, channel=body.channel)


def _people(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8", "surrogatepass").split("\0")


def _digest(ids: Iterable[str]) -> str:
    digest = sha256()
    for one in ids:
        digest.update(one.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def _packed(path: Path, *, rows: int, looked_at: int) -> ExportFile:
    """Return a file as a part, gzipped where that makes sense."""
    head = 0
    if path.suffix.removeprefix(".") in PACKED:
        packed = path.with_name(f"{path.name}.gz")
        head = _gzip(path, packed, has_head=path.suffix == ".csv")
        path.unlink()
        path = packed
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return ExportFile(path.name, rows, path.stat().st_size, digest, looked_at, head)


def _gzip(path: Path, packed: Path, *, has_head: bool) -> int:
    """Pack a file, its first line by itself where it is a head; return the bytes of that."""
    with path.open("rb") as plain, packed.open("wb") as file:
        if has_head:
            file.write(gzip.compress(plain.readline(), mtime=0))
        head = file.tell()
        with gzip.GzipFile("", "wb", 6, file, mtime=0) as packing:
            shutil.copyfileobj(plain, packing, _COPIED)
    return head


def whole(service: Service, one: Export) -> Iterator[bytes]:
    """Yield all parts of a packed export as one file: the head of the first one only."""
    for number, part in enumerate(one.parts):
        with (folder_of(service, one.export_id) / part.name).open("rb") as file:
            file.seek(part.head if number else 0)
            while chunk := file.read(_COPIED):
                yield chunk


def whole_bytes(one: Export) -> int:
    """Return how many bytes :func:`whole` yields."""
    return sum(part.bytes for part in one.parts) - sum(part.head for part in one.parts[1:])
