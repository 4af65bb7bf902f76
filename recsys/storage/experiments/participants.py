"""Who took part in which experiment: the first time that the answers could differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from recsys.storage.database.interface import Database
from recsys.storage.users import aliases
from recsys.storage.users.aliases import NOBODY


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody whose answer an experiment could change.

    Attributes
    ----------
    user_id : str
        The id that was answered.
    experiment_id, version : str, int
        Which version of which experiment.
    period : int
        The week of a step; 0 of what is drawn once for all.
    variant : str
        What was answered.
    at : int
        When, microseconds since the epoch.
    placement : str
        Where: a placement, or the question.
    list_id : str
        The ``recommendation_id``; empty where the answer has none.
    rung : str
        Of a step, the rung that it is about; else the one that answered.
    segment : str
        The person's, then; empty: none.
    pscore : float
        P(this variant) of whoever takes part.
    """

    user_id: str
    experiment_id: str
    version: int
    period: int
    variant: str
    at: int
    placement: str
    list_id: str
    rung: str
    segment: str
    pscore: float

    @property
    def cell(self) -> str:
        """What one id is counted once in."""
        return f"{self.experiment_id}:{self.version}:{self.period}:{self.variant}"


_COLUMNS = ("sent_as", "cell", *(field.name for field in fields(Participant)))
COLUMNS = ", ".join(_COLUMNS)
_EARLIEST = """
SELECT variant FROM participants
WHERE experiment_id = ? AND version = ? AND period = ? AND user_id = ? ORDER BY at, seq LIMIT 1
"""


class ParticipantLog:
    """The participants in an open store. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, participants: Sequence[Participant]) -> list[bool]:
        """Log who took part, durably, and return who is new; of erased users nothing is kept.

        Raises
        ------
        StoreUnavailable
            Nothing was logged.
        """
        with self.database.writing() as writing:
            became = aliases.known_as(writing, {one.user_id for one in participants})
            owners = [became.get(one.user_id, one.user_id) for one in participants]
            rows = [
                (one.user_id, one.cell, owner, *_rest(one))
                for one, owner in zip(participants, owners, strict=True)
                if owner != NOBODY
            ]
            new = iter(writing.insert_new("participants", _COLUMNS, rows))
            return [owner != NOBODY and next(new) for owner in owners]

    def variant_of(self, key: tuple[str, int], period: int, user_id: str) -> str | None:
        """Return the variant that a person had first, under whichever id; None: none yet.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        rows = self.database.read(_EARLIEST, (*key, period, user_id))
        return rows[0][0] if rows else None


def _rest(one: Participant) -> tuple[object, ...]:
    return tuple(getattr(one, field.name) for field in fields(Participant)[1:])
