"""Held-out users of one window or several, and what they say of each rung."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recsys.config import Config
from recsys.data.person import PersonKind
from recsys.data.times import DAY
from recsys.items.slate import ItemQuery, Ranking
from recsys.ladder import Ladder, Question, Rung, RungName, Verdict
from training.data import TrainingData
from training.items.hearing import Hearing, Lists
from training.verdicts import Gains, Verdicts, verdict

Rungs = Sequence[Rung[ItemQuery, Ranking]]

FEW_USERS = 500
"""Judged users: of fewer, windows before the last are asked too."""
FEW_EVENTS = 100_000
"""Of more events, choosing and fitting anew for each window would take long."""
MOST_WINDOWS = 4


@dataclass(frozen=True, slots=True)
class Evidence:
    """The rungs as of one cutoff, and the users that judge them.

    Attributes
    ----------
    rungs : sequence of Rung
        Highest first; chosen and fitted before the cutoff.
    now, later : Hearing
        Users at the cutoff, and those who came back after their first active day.
    """

    rungs: Rungs
    now: Hearing
    later: Hearing

    def gains(self, name: RungName, verdicts: Verdicts) -> Gains:
        """Return what a rung gains on each user to whom it applies.

        Segments are asked for people with a past as of the cutoff, for new ones after some events.
        """
        if name is RungName.HYPER:
            return self._gains(name, verdicts, self.later)
        gains = self._gains(name, verdicts, self.now)
        if name is not RungName.SEGMENT:
            return gains
        met = self._gains(name, verdicts, self.later).of_kind(PersonKind.NEW_LIVE)
        return Gains.pooled([gains, met])

    def _gains(self, name: RungName, verdicts: Verdicts, hearing: Hearing) -> Gains:
        rung = self.rung(name)
        below = Ladder(Question.ITEMS, self.rungs[self.rungs.index(rung) + 1 :], verdicts)
        gain = hearing.ndcg(up_to(name, self.rungs, verdicts)) - hearing.ndcg(below)
        return Gains(
            hearing.judge.wanted.user_row,
            hearing.kinds,
            np.where(hearing.applies(rung), gain, np.nan),
        )

    def rung(self, name: RungName) -> Rung[ItemQuery, Ranking]:
        """Return the rung of that name."""
        return next(rung for rung in self.rungs if rung.name == name)


def up_to(name: RungName, rungs: Rungs, verdicts: Verdicts) -> Lists:
    """Return the ladder with this rung on top, shipped or not, above the shipped ones below."""
    start = next(place for place, rung in enumerate(rungs) if rung.name == name)
    below = {rung: verdict for rung, verdict in verdicts.items() if rung != name}
    return Ladder(Question.ITEMS, rungs[start:], below)


def judged(evidence: Sequence[Evidence], config: Config) -> Mapping[RungName, Verdict]:
    """Return the verdict on each rung but the lowest, by all windows together."""
    verdicts: dict[RungName, Verdict] = {}
    metric = f"NDCG@{config.items.at_k}"
    for name in (RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER):
        gains = Gains.pooled([each.gains(name, verdicts) for each in evidence])
        verdicts[name] = verdict(name, verdicts, metric, gains, config.training, may_try=True)
    return verdicts


def earlier_ends(data: TrainingData, config: Config, *, judged_users: int) -> list[int]:
    """Return where the windows before the last end, latest first; none where it has enough users.

    Before each window is left as much time as it is long, three times over: windows that choose.
    """
    interactions, length = data.interactions, config.items.test_days * DAY
    if judged_users >= FEW_USERS or len(interactions) > FEW_EVENTS:
        return []
    begin = int(interactions.at.min(initial=interactions.end))
    ends = [interactions.end - back * length for back in range(1, MOST_WINDOWS)]
    return [end for end in ends if end - 4 * length >= begin]
