"""Two registered versions beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from recsys.bundle import Bundle, Manifest
from recsys.config import Training
from recsys.evaluation.per_user import PerUser
from recsys.ladder import Question
from recsys.storage.models.store import ModelStore
from training import gate


def tables(store: ModelStore, names: tuple[str, str], *, settings: Training) -> Iterator[Table]:
    """Yield how two versions did on each question, in pairs where they can be; and what serves.

    Raises
    ------
    UnknownVersion, CorruptArtifact, IncompatibleArtifact
        One of them cannot be read.
    """
    one, other = names
    bundles, manifests = zip(*(store.load(name, Bundle) for name in names), strict=True)
    table = Table(title=f"{other} against {one}", box=None)
    for heading in ("question", "metric", one, other, "difference", "users", "how"):
        table.add_column(heading)
    for row in compared(*(bundle.judged for bundle in bundles), settings=settings):
        table.add_row(*row)
    yield table
    served = Table(title="rungs above popular that serve", box=None)
    for heading in ("question", one, other):
        served.add_column(heading)
    for question in Question:
        served.add_row(question, *(_served(manifest, question) for manifest in manifests))
    yield served


def compared(
    one: Sequence[PerUser], other: Sequence[PerUser], *, settings: Training
) -> Iterator[tuple[str, ...]]:
    """Yield a row a question: metric, both means, the difference of the other and the one.

    Pairs the same users where both were judged on the same window, else compares the means; says
    so, and says where nothing can be compared.
    """
    theirs = {judged.question: judged for judged in other}
    for mine in one:
        against = theirs.get(mine.question)
        if against is None or against.metric != mine.metric:
            yield mine.question, mine.metric, _mean(mine), "", "", "", "not judged alike"
            continue
        difference, how = gate.paired(against, mine, settings), "the same users"
        if difference is None:
            difference, how = gate.unpaired(against, mine, settings), "other users or days"
        means = _mean(mine), _mean(against)
        if difference is None:
            yield mine.question, mine.metric, *means, "too few users", "", ""
            continue
        differs = f"{difference!s}", f"{difference.n:,}", how
        yield mine.question, mine.metric, *means, *differs


def _served(manifest: Manifest, question: Question) -> str:
    verdicts = manifest.verdicts[question].values()
    return ", ".join(verdict.rung for verdict in verdicts if verdict.shipped) or "none"


def _mean(judged: PerUser) -> str:
    return f"{judged.figure.mean():.4f}" if len(judged.figure) else ""
