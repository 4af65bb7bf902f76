"""Which of two rankers people prefer: by whose items they click, of the lists they were shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import orjson

from recsys.data.times import DAY
from recsys.evaluation.estimate import NotMeasured
from recsys.experiments import verdict
from recsys.experiments.interleaving import Drafted, Preference, Team, preference
from recsys.experiments.lift import Lift
from recsys.experiments.looks import planned_width
from recsys.experiments.report import Compared
from recsys.storage.database.interface import Database, Row
from recsys.storage.experiments.store import SavedExperiment
from recsys.storage.users.aliases import NOBODY

CLICKS_WON = "people whose clicks go to it"
NOBODY_CLICKED = "fewer than 2 people clicked"

_CLICKS = """
SELECT exposures.list_id, coalesce(aliases.user_id, lists.user_id), lists.head, exposures.item_id
FROM exposures JOIN lists ON lists.list_id = exposures.list_id
LEFT JOIN aliases ON aliases.previous_id = lists.user_id
WHERE exposures.kind = 'click' AND lists.placement_id = ?1 AND lists.at >= ?2 AND lists.at < ?3
    AND lists.user_id <> ''
ORDER BY exposures.list_id
"""


@dataclass(frozen=True, slots=True)
class Preferred:
    """What people clicked.

    Attributes
    ----------
    preference : Preference
        By people.
    lift : Lift or NotMeasured
        Twice the difference: 0 where they are alike, 1 where everybody prefers the second.
    """

    preference: Preference
    lift: Lift | NotMeasured


def preferred(database: Database, saved: SavedExperiment, *, until: int) -> Preferred:
    """Return which ranker people prefer, by lists that were shown before an instant.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    leads: dict[str, float] = defaultdict(float)
    since = until if saved.since is None else saved.since
    rows = database.read(_CLICKS, (saved.experiment.placement, since, until))
    for user, winner in _lists(rows, saved):
        leads[user] += 0 if winner is Team.NOBODY else 1 if winner is Team.B else -1
    found, n = preference(leads.values()), len(leads)
    if n < 2:
        return Preferred(found, NotMeasured(NOBODY_CLICKED))
    mean, decided = 2 * found.difference, (found.wins_a + found.wins_b) / n
    se = max(0.0, (decided - mean**2) / (n - 1)) ** 0.5
    return Preferred(found, Lift(mean, se, n))


def compared(
    database: Database, saved: SavedExperiment, *, until: int, complaints: tuple[str, ...]
) -> Compared:
    """Return the second ranker against the first, as a report tells it.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    experiment, found = saved.experiment, preferred(database, saved, until=until)
    days = (until - (saved.since or until)) // DAY
    width = planned_width(min(1.0, days / experiment.days), experiment.looks)
    lift = found.lift.within(width) if isinstance(found.lift, Lift) else found.lift
    told, people = found.preference, max(1, found.preference.people)
    return Compared(
        experiment.variants[1].name, CLICKS_WON, "primary",
        told.wins_a / people, told.wins_b / people, lift, lift,
        told.p if isinstance(found.lift, Lift) else None, 1.0, None,
        verdict.found(
            lift, complaints=complaints, days_left=max(0, experiment.days - days),
            mde=experiment.mde,
        ),
    )  # fmt: skip


def _lists(rows: list[Row], saved: SavedExperiment) -> Iterator[tuple[str, Team]]:
    """Yield who won each list that was drafted by the experiment, and with whom."""
    names = [one.name for one in saved.experiment.variants]
    for _, clicks in groupby(rows, key=lambda row: row[0]):
        (_, user, head, item), *others = clicks
        said = orjson.loads(head).get("interleaved")
        if user == NOBODY or not said or said["experiment"] != saved.experiment_id:
            continue
        teams = {
            one: Team(names.index(name)) for one, name in said["teams"].items() if name in names
        }
        clicked = {item, *(row[3] for row in others)}
        yield user, Drafted(tuple(teams), tuple(teams.values())).winner(clicked)
