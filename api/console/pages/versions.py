"""Versions: may this one replace that one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.console.pages.home import lift
from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from api.model.served import Serving
from recsys.bundle import Bundle, Manifest
from recsys.config import Config
from recsys.evaluation.estimate import Estimate
from recsys.evaluation.per_user import PerUser, paired
from recsys.ladder import Question, RungName
from recsys.model_version import Answering
from recsys.storage.access.accounts import Role
from recsys.storage.access.audit import Action
from recsys.storage.models.journal import Act
from recsys.storage.models.store import ModelStore, Registered

SAMPLED = 100
"""People whose lists by both versions are compared."""

EXAMPLES = 10
TOP = 10


def show(visit: Visit) -> View:
    """Return all versions, and what differs between one of them and the one that serves."""
    store = _store(visit)
    registered = store.list()
    names = [one.version for one in registered]
    wanted = visit.get("version")
    chosen = store.show(wanted) if wanted else None
    serves = visit.service.current.version
    against = chosen is not None and serves is not None and chosen.version != serves
    return View(
        facts={
            "names": names,
            "chosen": chosen,
            "serves": serves,
            "refused": _refused(store, wanted),
            "compared": _compared(visit, wanted) if against else None,
            "can_go_back": len([o for o in store.history() if o.act is Act.PROMOTE]) > 1,
        },
        tables=(
            _versions(registered),
            *((_verdicts(chosen.manifest),) if chosen else ()),
            *(_differences(visit, store, chosen) if against and chosen else ()),
            _history(store),
        ),
    )


def promote(visit: Visit) -> Response:
    """Make a version the champion: its name typed again, and a reason."""
    version = visit.get("version")
    store, why = _store(visit), visit.confirmed(version)
    if _refused(store, version) and not visit.may(Role.ADMIN):
        raise HTTPException(403)
    visit.note(Action.PROMOTED, version)
    store.promote(version, why=f"{why} ({visit.who.name})", at=visit.at)
    return visit.lead_to("versions", version=version)


def back(visit: Visit) -> Response:
    """Go back to the champion before this one."""
    serves = visit.service.current.version or ""
    why = visit.confirmed(serves)
    visit.note(Action.PROMOTED, f"back from {serves}")
    _store(visit).rollback(at=visit.at, why=f"{why} ({visit.who.name})")
    return visit.lead_to("versions")


PAGE = Page(
    "versions",
    N_("Versions"),
    N_("May this one replace that one?"),
    Role.ANALYST,
    show,
    acts={"promote": (Role.ANALYST, promote), "back": (Role.ANALYST, back)},
)


def _store(visit: Visit) -> ModelStore:
    return ModelStore.of(visit.service.config.storage)


def _refused(store: ModelStore, version: str) -> str:
    """Return why the gate refused a version; empty where it did not."""
    lines = [line for line in store.history() if line.version == version]
    acts = [line for line in lines if line.act in (Act.REFUSE, Act.PROMOTE)]
    return acts[-1].why if acts and acts[-1].act is Act.REFUSE else ""


def _versions(registered: Any) -> Table:
    rows = []
    for one in registered:
        found = isinstance(one, Registered)
        rows.append(
            {
                "version": one.version,
                "serves": "yes" if one.serves else "no",
                "registered": one.registered_at,
                "until": one.manifest.data_until if found else None,
                "people": one.manifest.counts.get("users") if found else None,
                **_best(one.manifest if found else None),
                "why": "" if found else one.why,
            }
        )
    return Table(
        "versions",
        N_("All versions"),
        (
            Column(
                "version", N_("Version"), CellKind.CODE, href="/console/versions?version={version}"
            ),
            Column("serves", N_("Serves"), CellKind.WORD, words="state"),
            Column("registered", N_("Registered"), CellKind.TIME),
            Column("until", N_("Knows events until"), CellKind.TIME),
            Column("people", N_("People"), CellKind.COUNT),
            Column("items", N_("Items"), CellKind.WORD, words="rung"),
            Column("channel", N_("Channel"), CellKind.WORD, words="rung"),
            Column("churn", N_("Churn"), CellKind.WORD, words="rung"),
            Column("why", N_("Damaged")),
        ),
        rows,
        empty=N_("No version is registered: run recsys train."),
    )


def _best(manifest: Manifest | None) -> dict[str, str | None]:
    """Return the highest rung of each question that is shipped; None where nobody knows."""
    if manifest is None:
        return {str(question): None for question in Question}
    found: dict[str, str | None] = {}
    for question in Question:
        verdicts = manifest.verdicts.get(question, {})
        shipped = [rung for rung in RungName if rung in verdicts and verdicts[rung].shipped]
        found[str(question)] = str(shipped[-1] if shipped else RungName.POPULAR)
    return found


def _verdicts(manifest: Manifest) -> Table:
    return Table(
        "verdicts",
        N_("Verdicts"),
        (
            Column("question", N_("Question"), CellKind.WORD, words="question"),
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("below", N_("Against"), CellKind.WORD, words="rung"),
            Column("shipped", N_("Shipped"), CellKind.WORD, words="state"),
            Column("lift", N_("Gain"), CellKind.LIFT),
            Column("metric", N_("Measured in")),
        ),
        [
            {
                "question": str(question),
                "rung": str(rung),
                "below": str(verdict.below),
                "shipped": "yes" if verdict.shipped else "no",
                "lift": lift(verdict.lift),
                "metric": verdict.metric,
            }
            for question, verdicts in manifest.verdicts.items()
            for rung, verdict in verdicts.items()
        ],
    )


def _differences(visit: Visit, store: ModelStore, chosen: Registered) -> Iterator[Table]:
    mine = visit.serving.answering.manifest
    yield Table(
        "paired",
        N_("Against the version that serves, the same people"),
        (
            Column("question", N_("Question"), CellKind.WORD, words="question"),
            Column("metric", N_("Measured in")),
            Column("difference", N_("Difference"), CellKind.LIFT),
            Column("people", N_("People"), CellKind.COUNT),
        ),
        list(_paired(visit, store, chosen.version)),
        empty=N_("The two were not judged on the same later data: nothing to compare."),
        note=N_("Right of 0 this version does better on people whom both were judged on."),
    )
    here, there = dict(_flat(mine.config)), dict(_flat(chosen.manifest.config))
    yield Table(
        "settings",
        N_("Settings that differ"),
        (
            Column("setting", N_("Setting")),
            Column("serves", N_("Version that serves")),
            Column("this", N_("This version")),
        ),
        [
            {"setting": name, "serves": here.get(name, "—"), "this": there.get(name, "—")}
            for name in sorted({*here, *there})
            if here.get(name) != there.get(name)
        ],
        empty=N_("No setting differs."),
    )


def _flat(config: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", str(value)


def _paired(visit: Visit, store: ModelStore, version: str) -> Iterator[dict[str, Any]]:
    bundle, _ = store.load(version, Bundle)
    serving: dict[str, PerUser] = {o.question: o for o in visit.serving.answering.bundle.judged}
    settings = visit.service.config.training
    for judged in bundle.judged:
        theirs = serving.get(judged.question)
        if theirs is None or theirs.metric != judged.metric:
            continue
        found: Estimate | None = paired(
            judged, theirs, seed=settings.seed, resamples=settings.resamples,
            confidence=settings.confidence,
        )  # fmt: skip
        yield {
            "question": judged.question,
            "metric": judged.metric,
            "difference": lift(found),
            "people": found.n if found else None,
        }


def _compared(visit: Visit, version: str) -> dict[str, Any]:
    """Return how many of some people would get another list, and examples."""
    other = _loaded(version, visit.service.config)
    here = visit.serving.answering.bundle.interactions.users
    step = max(1, len(here) // SAMPLED)
    people = [here[row] for row in range(0, len(here), step)][:SAMPLED]
    rows = [found for user in people for found in [_both(visit, other, user)] if found]
    changed = [row for row in rows if set(row["here"]) != set(row["there"])]
    changed.sort(key=lambda row: row["kept"])
    return {
        "people": len(rows),
        "changed": len(changed) / len(rows) if rows else None,
        "kept": sum(row["kept"] for row in rows) / len(rows) / TOP if rows else None,
        "examples": changed[:EXAMPLES],
    }


def _both(visit: Visit, other: Serving, user: str) -> dict[str, Any] | None:
    query = visit.service.reader.said({"limit": TOP, "explain": False})
    desk = visit.service.desk.unseen()
    lists = [
        [item.title or item.item_id for item in answer.items]
        for serving in (visit.serving, other)
        for answer in [desk.recommendations(serving, user, query, at=visit.at)]
    ]
    if not all(lists):
        return None
    here, there = lists
    kept = len({*here} & {*there})
    return {
        "user_id": user, "here": here, "there": there, "kept": kept,
        "new": [title for title in there if title not in here][:3],
        "gone": [title for title in here if title not in there][:3],
    }  # fmt: skip


@lru_cache(2)
def _loaded(version: str, config: Config) -> Serving:
    """Return another version, ready to answer; its arrays stay on the disk."""
    store = ModelStore.of(config.storage)
    bundle, manifest = store.load(version, Bundle)
    answering = Answering.of(
        version,
        bundle,
        manifest,
        profiling_default=config.privacy.profiling == "granted",
        trait=config.segments.trait,
    )
    return Serving.of(answering, sha256=store.manifest_sha256(version))


def _history(store: ModelStore) -> Table:
    return Table(
        "history",
        N_("What was done"),
        (
            Column("at", N_("When"), CellKind.TIME),
            Column("act", N_("What"), CellKind.WORD, words="act"),
            Column("version", N_("Version"), CellKind.CODE),
            Column("why", N_("Why")),
        ),
        [
            {"at": line.at, "act": str(line.act), "version": line.version, "why": line.why}
            for line in reversed(store.history())
        ][:50],
        empty=N_("Nothing yet."),
    )
