"""Makes one export, part by part, each whole or not there.

A part is written under another name first and noted when it is on the disk, so whoever goes on
after a crash begins after the last one that was noted. Consents are read when a user is written.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from api.answers import audience, likely, write_back
from api.answers.export import CHUNK, Emails, export
from api.answers.export_files import HAS, folder_of, note_people, packed
from api.answers.selection import Selection, addresses, lists_of, target
from api.answers.write_back import Wish
from api.messages.exports import ExportBody
from api.messages.groups import LikelyBody
from api.runtime.clock import system
from api.webhooks import telling
from recsys.data.ids import IdMap
from recsys.data.times import HOUR
from recsys.errors import BadQuery
from recsys.storage.database.interface import Writing
from recsys.storage.exports.log import Export, ExportCrowd, ExportFile, ExportState
from recsys.storage.hooks import delivered
from recsys.storage.privacy.erasure import erased_after
from recsys.storage.webhooks import messages
from recsys.storage.webhooks.endpoints import WebhookKind

if TYPE_CHECKING:
    from api.service import Service


class Stopped(Exception):
    """It was cancelled, taken over, or the service ends."""


def selection_of(service: Service, body: ExportBody) -> Selection:
    """Return what an export asks for about users.

    Raises
    ------
    QueryError, NoChampion
        Nothing can be answered so.
    """
    return Selection.asked(service, lists_of(body.limit, body.exclude))


def wanted_of(selection: Selection, body: ExportBody) -> audience.AudienceQuery | None:
    """Return the audience that an export is of; None without a rule or a segment.

    Raises
    ------
    QueryError
        There is no such audience or channel.
    """
    if body.rule is not None or body.segment is not None:
        return selection.wanted(body)
    arms = selection.service.config.channels.arms
    if body.channel and body.channel not in arms:
        raise BadQuery("channel", body.channel, ", ".join(arms))
    return None


def likely_of(body: ExportBody) -> LikelyBody | None:
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


class Making:
    """One export, being made.

    Parameters
    ----------
    service : Service
        Answers.
    one : Export
        What is made.
    worker : str
        Who makes it.
    is_closing : callable
        Whether to stop after the part at hand.
    """

    def __init__(
        self, service: Service, one: Export, worker: str, *, is_closing: Callable[[], bool]
    ) -> None:
        self._service, self._one, self._log = service, one, service.exports
        self._worker, self._is_closing = worker, is_closing
        self._body = msgspec.convert(dict(one.asked), ExportBody)
        self._selection = selection_of(service, self._body)
        self._wanted = wanted_of(self._selection, self._body)
        self._folder = folder_of(service, one.export_id)
        self._since = time.perf_counter()

    def run(self) -> None:
        """Make all parts that are lacking, and note that it is done.

        Raises
        ------
        Stopped
            It was cancelled, taken over, or the service ends.
        RecsysError, OSError
            It cannot be made, or not be written.
        """
        service, one = self._service, self._one
        ids = self._ids()
        parts = self._whole_of(ids)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._body.tool:
            parts = [self._for_tool(self._body.tool, ids)]
            self._still(self._log.put(one, self._worker, parts))
        while not parts or sum(part.looked_at for part in parts) < len(ids):
            parts.append(self._part(len(parts) + 1, ids, sum(part.looked_at for part in parts)))
            self._still(self._log.put(one, self._worker, parts))
        keep = int(service.config.serving.export_hours * HOUR)
        also = partial(tell, service)
        self._log.end(one.export_id, ExportState.DONE, now=system(), keep=keep, also=also)

    def _ids(self) -> IdMap | Sequence[str]:
        """Return whom to look at, in this order."""
        service, wish = self._service, likely_of(self._body)
        if wish is None:
            return service.identities.people(self._selection.known)
        found = likely.likely(service, self._selection.serving, wish)
        return [one.user_id for one in found.users]

    def _whole_of(self, ids: IdMap | Sequence[str]) -> list[ExportFile]:
        """Return the parts that are there already; none where they are of another crowd."""
        one, database = self._one, self._service.log.database
        people = _digest(ids)
        same = (one.version, one.people) == (self._selection.version, people)
        here = all((self._folder / part.name).is_file() for part in one.parts)
        if same and here and not self._body.tool:
            return list(one.parts)
        shutil.rmtree(self._folder, ignore_errors=True)
        erasures = erased_after(database, 0)
        last = erasures[-1][1] if erasures else 0
        crowd = ExportCrowd(self._selection.version, len(ids), people, last)
        self._still(self._log.begin(one, self._worker, crowd))
        return []

    def _part(self, number: int, ids: IdMap | Sequence[str], start: int) -> ExportFile:
        stop = min(start + self._service.config.serving.export_part_users, len(ids))
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
        note_people(path, written)
        return packed(path, rows=rows, looked_at=stop - start)

    def _for_tool(self, tool: str, ids: IdMap | Sequence[str]) -> ExportFile:
        service, body = self._service, self._body
        path = self._folder / f"{tool}.{body.format}"
        done, has = write_back.write(
            self._selection.answered(self._chosen(iter(ids))),
            path,
            target(self._selection, tool),
            limit=self._selection.query.limit,
            known=delivered.of(service.log.database, tool),
            may=Wish(body.everything, body.force),
        )
        (self._folder / HAS).write_text(json.dumps(has), encoding="utf-8")
        note_people(path, has)
        return packed(path, rows=done.changed + done.cleared, looked_at=len(ids))

    def _chosen(self, user_ids: Iterable[str]) -> Iterable[str]:
        channel, selection = self._body.channel or "", self._selection
        if self._body.likely is not None:
            users = self._paced(user_ids)
            return likely.still_may(selection.service, selection.serving, users, channel)
        return self._selection.chosen(self._paced(user_ids), self._wanted, channel=channel)

    def _emails(self) -> Emails | None:
        return partial(addresses, self._service) if self._body.email else None

    def _paced(self, user_ids: Iterable[str]) -> Iterator[str]:
        """Yield users; half of the time is for those who wait for answers."""
        users = iter(user_ids)
        while chunk := list(islice(users, CHUNK)):
            self._still(self._log.goes_on(self._one, self._worker, now=system()))
            time.sleep(time.perf_counter() - self._since)
            self._since = time.perf_counter()
            yield from chunk

    def _still(self, ours: bool) -> None:  # noqa: FBT001 - what a statement returned
        if not ours or self._is_closing():
            raise Stopped


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


def _digest(ids: Iterable[str]) -> str:
    digest = sha256()
    for one in ids:
        digest.update(one.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()
