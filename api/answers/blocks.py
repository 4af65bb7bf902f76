"""Exports by blocks of users, on any engine: each block is a file, and a manifest names them all.

Whoever makes a block opens the store for it: consents and erasures count as they are then. The
blocks follow from the users, never from the engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import orjson

from api.answers.export import export
from api.answers.selection import Selection, addresses
from api.messages.groups import AudienceBody
from api.runtime import logs
from api.runtime.metrics import Metrics
from api.service import Service
from recsys.config import parse
from recsys.data.ids import IdMap
from recsys.engines import Engine
from recsys.storage.exports import place
from recsys.storage.exports.log import ExportFile

BLOCK = 20_000
"""Users a block."""

Block = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What all blocks of an export have in common.

    Attributes
    ----------
    output : str
        A folder, or ``s3://bucket/prefix``.
    format : str
        ``csv``, ``jsonl`` or ``parquet``.
    config : bytes
        JSON of the configuration without its secrets: workers have those from their environment.
    version : str
        The model version that answers.
    ids : IdMap or sequence of str
        Whom to look at, in this order.
    said : mapping
        What is asked for about each, as a request says it.
    wish : AudienceBody or None
        Who is wanted of them; None: all.
    channel : str
        Only who granted marketing on it; empty: all.
    email : bool
        Whether there is a column with addresses.
    """

    output: str
    format: str
    config: bytes
    version: str
    ids: IdMap | Sequence[str]
    said: Mapping[str, Any]
    wish: AudienceBody | None = None
    channel: str = ""
    email: bool = False

    @property
    def blocks(self) -> list[Block]:
        """The number of each block, where it begins and where it ends."""
        starts = enumerate(range(0, len(self.ids), BLOCK))
        return [(n, start, min(start + BLOCK, len(self.ids))) for n, start in starts]


def made(plan: ExportPlan, engine: Engine, *, progress: Callable[[int], None]) -> int:
    """Make an export and return how many users are in it.

    Parameters
    ----------
    plan : Plan
        Of whom, and where to.
    engine : Engine
        Makes its blocks.
    progress : callable
        Told the number of users looked at since it was last told.

    Raises
    ------
    BadQuery
        The place has an export already.
    StoreUnavailable
        A block cannot be read or written; there is no manifest then.
    """
    output = place.opened(plan.output)
    output.check()
    parts: list[ExportFile] = []
    try:
        for part in engine.each(written, plan, plan.blocks):
            parts.append(part)
            progress(part.looked_at)
    finally:
        close()
    output.finish(_manifest(plan, parts))
    return sum(part.rows for part in parts)


def written(plan: ExportPlan, block: Block) -> ExportFile:
    """Write a block, and return what is in it; nothing is written where nobody is."""
    service = _service(plan.config, plan.version)
    service.catch_up()
    selection = Selection.asked(service, plan.said)
    _, start, stop = block
    named = [plan.ids[place] for place in range(start, stop)]
    # Who was erased since the list of ids was made is not in it any more.
    ids = service.identities.people(named, as_named=True)
    wanted = None if plan.wish is None else selection.wanted(plan.wish)
    with TemporaryDirectory(prefix="recsys-export-") as folder:
        file = Path(folder) / f"part.{plan.format}"
        rows = export(
            selection.answers,
            selection.chosen(ids, wanted, channel=plan.channel),
            file,
            limit=selection.query.limit,
            progress=lambda _: None,
            emails=partial(addresses, service) if plan.email else None,
        )
        if not rows:
            return ExportFile("", 0, 0, "", stop - start)
        return _kept(plan, file, rows, block)


def close() -> None:
    """Let go of the store that this process opened for blocks, if it did."""
    for service in _opened:
        service.log.database.close()
    _opened.clear()
    _service.cache_clear()


_opened: list[Service] = []


@lru_cache(1)
def _service(config: bytes, version: str) -> Service:
    """Return the service that answers in this process, at one version."""
    service = Service.opened(
        parse(orjson.loads(config), os.environ), metrics=Metrics(), logger=logs.worries()
    )
    _opened.append(service)
    if service.current.version != version:
        service.current.swap(service.champion.load(version))
    return service


def _kept(plan: ExportPlan, file: Path, rows: int, block: Block) -> ExportFile:
    with file.open("rb") as opened:
        sha256 = file_digest(opened, "sha256").hexdigest()
    number, start, stop = block
    # Named after its content too: an engine may try a block twice, and one attempt counts.
    name = f"part-{number:05d}-{sha256[:12]}.{plan.format}"
    place.opened(plan.output).put(file, name)
    return ExportFile(name, rows, file.stat().st_size, sha256, stop - start)


def _manifest(plan: ExportPlan, parts: Sequence[ExportFile]) -> bytes:
    asked = None if plan.wish is None else msgspec.to_builtins(plan.wish)
    told = {
        "format": plan.format,
        "model_version": plan.version,
        "rows": sum(part.rows for part in parts),
        "looked_at": sum(part.looked_at for part in parts),
        "asked": {**plan.said, "audience": asked, "channel": plan.channel, "email": plan.email},
        "parts": list(_named(parts)),
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _named(parts: Sequence[ExportFile]) -> Iterator[Mapping[str, Any]]:
    for part in parts:
        if part.name:
            told = asdict(part)
            yield {key: told[key] for key in ("name", "rows", "bytes", "sha256", "looked_at")}
