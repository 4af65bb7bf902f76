"""Whether a new model may serve in place of the champion.

A challenger is refused when held-out users say that it is clearly worse on any question, or when
it knows so few of the champion's users or items that something must have happened to the data.
Without a champion any model may serve: its lowest rung answers everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from recsys.bundle import Bundle
from recsys.config import Config, Training
from recsys.data.ids import IdMap
from recsys.evaluation import per_user
from recsys.evaluation.estimate import Estimate, bootstrap_means
from recsys.evaluation.per_user import PerUser
from recsys.storage.models.errors import (
    CorruptArtifact,
    IncompatibleArtifact,
    LostPromotion,
    UnknownVersion,
)
from recsys.storage.models.store import ModelStore

MOST_LOST = 0.5
MOST_RIVALS = 4
"""Champions in a row that may come between a comparison and its promotion."""

FEWEST_USERS = 30
"""Fewer judged users say nothing for or against."""


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Whether the challenger is promoted, and why (not): one sentence a finding."""

    promote: bool
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contender:
    """What the gate compares of a model: how it did, and whom and what it knows."""

    judged: Sequence[PerUser]
    users: IdMap
    items: IdMap

    @classmethod
    def of(cls, bundle: Bundle) -> Contender:
        """Return what the gate compares of a bundle."""
        return cls(bundle.judged, bundle.interactions.users, bundle.interactions.items)


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and whether it speaks against the challenger."""

    against: bool
    what: str


def judge(store: ModelStore, version: str, bundle: Bundle, *, config: Config) -> GateVerdict:
    """Compare a registered version with the champion of the store.

    A champion that cannot be loaded (damaged, or of another format) cannot defend its place.
    """
    pointer = store.champion()
    if pointer is None:
        return GateVerdict(promote=True, why=("it is the first champion",))
    if pointer.version == version:
        return GateVerdict(promote=True, why=("it is the champion: the same data and settings",))
    try:
        champion, _ = store.load(pointer.version, type(bundle))
    except (CorruptArtifact, IncompatibleArtifact, UnknownVersion) as error:
        return GateVerdict(promote=True, why=(f"the champion cannot serve: {error}",))
    return compare(Contender.of(bundle), Contender.of(champion), settings=config.training)


def settle(
    store: ModelStore, version: str, bundle: Bundle, *, config: Config, at: int
) -> GateVerdict:
    """Promote a registered version, or note that it was refused, and return why.

    Where another version becomes the champion meanwhile, it is compared with that one.

    Raises
    ------
    LostPromotion
        That happened again and again.
    """
    for _ in range(MOST_RIVALS):
        verdict = judge(store, version, bundle, config=config)
        why = "; ".join(verdict.why)
        if not verdict.promote:
            store.refuse(version, at=at, why=why)
            return verdict
        with suppress(LostPromotion):
            store.promote(version, at=at, why=why)
            return verdict
    raise LostPromotion(version)


def compare(challenger: Contender, champion: Contender, *, settings: Training) -> GateVerdict:
    """Refuse a challenger that is clearly worse than the champion on any question.

    Where both were judged on the same window, the figures of the same users are compared in
    pairs; otherwise the two means are. It is clearly worse when the whole interval of the
    difference is below zero. What could not be compared is said, and speaks against nobody.

    Parameters
    ----------
    challenger, champion : Contender
        The model that asks to serve, and the one that does.
    settings : Training
        Seed, resamples and confidence of the intervals.
    """
    mine = {judged.question: judged for judged in challenger.judged}
    theirs = {judged.question: judged for judged in champion.judged}
    questions = dict.fromkeys([*theirs, *mine])
    findings = [
        *_lost("users", champion.users, challenger.users),
        *_lost("items", champion.items, challenger.items),
        *(_finding(name, mine.get(name), theirs.get(name), settings) for name in questions),
    ]
    against = tuple(finding.what for finding in findings if finding.against)
    if against:
        return GateVerdict(promote=False, why=against)
    return GateVerdict(promote=True, why=tuple(finding.what for finding in findings))


def _lost(what: str, champion: IdMap, challenger: IdMap) -> Iterator[Finding]:
    gone = len(set(champion).difference(challenger))
    if gone > MOST_LOST * len(champion):
        yield Finding(
            against=True,
            what=f"{gone:,} of the champion's {len(champion):,} {what} are gone: "
            f"more than {MOST_LOST:.0%} looks like an accident to the data",
        )


def _finding(
    question: str, mine: PerUser | None, theirs: PerUser | None, settings: Training
) -> Finding:
    if theirs is None:
        return Finding(against=False, what=f"{question}: the champion was not judged on it")
    if mine is None or not len(mine.figure):
        against = len(theirs.figure) > 0
        return Finding(against=against, what=f"{question}: could not be judged any more")
    if mine.metric != theirs.metric:
        what = f"{question}: {mine.metric} cannot be compared with the champion's {theirs.metric}"
        return Finding(against=False, what=what)
    return _compared(question, mine, theirs, settings)


def _compared(question: str, mine: PerUser, theirs: PerUser, settings: Training) -> Finding:
    difference, how = paired(mine, theirs, settings), "the same users"
    if difference is None:
        difference, how = unpaired(mine, theirs, settings), "unpaired: other users or days"
    if difference is None or difference.n < FEWEST_USERS:
        return Finding(against=False, what=f"{question}: too few users to compare {mine.metric}")
    worse = difference.clearly_below
    verb = "is clearly below" if worse else "is not clearly below"
    what = (
        f"{question}: {mine.metric} {verb} the champion's, by {difference} "
        f"over {difference.n:,} users ({how})"
    )
    return Finding(against=worse, what=what)


def paired(mine: PerUser, theirs: PerUser, settings: Training) -> Estimate | None:
    """Estimate the mean difference over users that both were judged on in the same window.

    None where the windows differ, or with fewer than two users in common.
    """
    return per_user.paired(
        mine,
        theirs,
        seed=settings.seed,
        resamples=settings.resamples,
        confidence=settings.confidence,
    )


def unpaired(mine: PerUser, theirs: PerUser, settings: Training) -> Estimate | None:
    """Estimate the difference of two means, each over its own users; None with too few."""
    if min(len(mine.figure), len(theirs.figure)) < 2:
        return None
    ours, others = (each.figure.astype(np.float64) for each in (mine, theirs))
    # Each side is drawn by a seed of its own: they are other users.
    means = np.subtract(
        *(
            bootstrap_means(figure, seed=seed, resamples=settings.resamples)
            for seed, figure in enumerate((ours, others), start=settings.seed)
        )
    )
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(
        value=float(ours.mean() - others.mean()),
        low=float(low),
        high=float(high),
        n=min(len(ours), len(others)),
    )
