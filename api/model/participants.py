"""Who took part in experiments, kept until the store has it."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from recsys.data.person import Person
from recsys.errors import StoreUnavailable
from recsys.experiments.plan import Participation
from recsys.ladder import RungName
from recsys.storage.experiments.participants import Participant, ParticipantLog

MOST_WAITING = 100_000
"""Participants that wait to be written while the store cannot be; more are dropped."""

MOST_NOTED = 200_000
"""Participants that are remembered as written, so that they are not written with each answer."""

_Noted = tuple[str, tuple[str, int], int, str]
"""A unit, a version of an experiment, a period and a variant."""


class Participants:
    """Those who took part, each noted once and written soon. Safe to use from several threads.

    Parameters
    ----------
    log : ParticipantLog
        Where they are kept.
    """

    def __init__(self, log: ParticipantLog) -> None:
        self._log = log
        self._waiting: deque[Participant] = deque(maxlen=MOST_WAITING)
        self._writing = threading.Lock()
        self._noted: OrderedDict[_Noted, None] = OrderedDict()
        self._turn = threading.Lock()

    def has(self, part: Participation, person: Person) -> bool:
        """Return whether somebody was noted already."""
        return _key(part, person) in self._noted

    def note(
        self, part: Participation, person: Person, *,
        segment: str, rung: RungName, where: str, list_id: str,
    ) -> None:  # fmt: skip
        """Keep that somebody took part; whoever answers does not wait for the store."""
        one = part.running
        new = Participant(
            user_id=person.user_id,
            experiment_id=one.experiment_id,
            version=one.version,
            period=one.period(person.at),
            variant=part.variant,
            at=person.at,
            placement=where,
            list_id=list_id,
            rung=str(rung),
            segment=segment,
            pscore=one.pscore(part.variant),
        )
        self._waiting.append(new)
        with self._turn:
            self._noted[_key(part, person)] = None
            if len(self._noted) > MOST_NOTED:
                self._noted.popitem(last=False)

    def flush(self) -> None:
        """Write who took part since the last time.

        Raises
        ------
        StoreUnavailable
            They wait on.
        """
        # Whoever comes second waits until what the first one took is written.
        with self._writing:
            taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if not taken:
                return
            try:
                self._log.append(taken)
            except StoreUnavailable:
                self._waiting.extendleft(reversed(taken))
                raise


def _key(part: Participation, person: Person) -> _Noted:
    one = part.running
    return person.unit, one.key, one.period(person.at), part.variant
