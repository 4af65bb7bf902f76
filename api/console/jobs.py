"""What ran beside answers, when, how long and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.console.table import CellKind, Column, Table
from api.console.visit import Visit
from api.console.words import N_
from recsys.data.times import FOREVER, HOUR, SECOND
from recsys.errors import StoreError
from recsys.storage.access.accounts import Role
from recsys.storage.models.journal import Act
from recsys.storage.models.store import ModelStore
from recsys.storage.webhooks import messages

MOST = 20
_ENDS = (Act.REGISTER, Act.PROMOTE, Act.REFUSE)


def jobs(visit: Visit) -> Table:
    """Return training runs, counts, exports and what webhooks were told, the latest first."""
    rows = [*_training(visit), *_counts(visit)]
    if visit.may(Role.MARKETER):
        rows += _exports(visit)
    if visit.may(Role.ADMIN):
        rows += _webhooks(visit)
    rows.sort(key=lambda row: -int(row["at"] or FOREVER))
    return Table(
        "jobs",
        N_("What ran"),
        (
            Column("what", N_("What"), CellKind.WORD, words="job"),
            Column("at", N_("Ended"), CellKind.TIME),
            Column("seconds", N_("Seconds"), CellKind.NUMBER),
            Column("ended", N_("How it ended"), CellKind.WORD, words="ended"),
            Column("of", N_("Of")),
            Column("why", N_("Why")),
        ),
        rows[:MOST],
        empty=N_("Nothing has run yet."),
        note=N_("How long training took is in its report: recsys train prints where it is."),
    )


def _row(what: str, at: int | None, ended: str, **more: Any) -> dict[str, Any]:
    return {"what": what, "at": at, "seconds": None, "ended": ended, "of": "", "why": "", **more}


def _training(visit: Visit) -> Iterator[dict[str, Any]]:
    """Yield of each version that training registered what became of it then."""
    try:
        history = ModelStore.of(visit.service.config.storage).history()
    except StoreError:
        return
    last = {line.version: line for line in history if line.act in _ENDS}
    for line in last.values():
        yield _row("training", line.at, str(line.act), of=line.version, why=line.why)


def _counts(visit: Visit) -> Iterator[dict[str, Any]]:
    if visit.figures is None:
        yield _row("counting", None, "running")
        return
    took = visit.figures.body.get("took")
    yield _row("counting", visit.figures.hour * HOUR, "done", seconds=took)


def _exports(visit: Visit) -> Iterator[dict[str, Any]]:
    for one in visit.service.exports.latest(MOST):
        took = (one.ended_at - one.created_at) / SECOND if one.ended_at else None
        at = one.ended_at or one.created_at
        yield _row("export", at, str(one.state), seconds=took, of=one.export_id, why=one.why)


def _webhooks(visit: Visit) -> Iterator[dict[str, Any]]:
    """Yield the last message to each webhook: when it was tried, how long the other end took."""
    for one in visit.service.webhooks.every():
        for told in messages.of(visit.database, one.webhook_id, 1):
            took = sum(tried.ms for tried in told.tries) / 1_000 if told.tries else None
            at = told.tries[-1].at if told.tries else told.created_at
            why = str(told.tries[-1].error) if told.tries and told.tries[-1].error else ""
            yield _row("webhook", at, str(told.state), seconds=took, of=one.webhook_id, why=why)
