"""What was seen and clicked of the lists that were shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from recsys.storage.database.interface import Database
from recsys.storage.events.event import Reception
from recsys.storage.users import aliases
from recsys.storage.users.aliases import NOBODY


class Seen(StrEnum):
    """What somebody did with an item of a list."""

    IMPRESSION = "impression"
    CLICK = "click"


@dataclass(frozen=True, slots=True)
class Exposure:
    """One item of one list, seen or clicked.

    Attributes
    ----------
    list_id : str
        The ``recommendation_id`` of the list.
    user_id : str
        By whom; empty where that is not known.
    kind : Seen
        What was done.
    item_id, rank : str, int
        With which item, and its place in the list from 1; 0 where it is not said.
    at : int
        When, microseconds since the epoch.
    """

    list_id: str
    user_id: str
    kind: Seen
    item_id: str
    rank: int
    at: int

    @property
    def exposure_id(self) -> str:
        """Its key: an item of a list is seen, and clicked, once by somebody."""
        return "\x1f".join((self.list_id, self.kind, self.item_id, self.user_id))


_COLUMNS = ("exposure_id", *(field.name for field in fields(Exposure)))
COLUMNS = ", ".join(_COLUMNS)


class ExposureLog:
    """The exposures in an open store. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, exposures: Sequence[Exposure]) -> list[Reception]:
        """Log exposures in one transaction; they are on the disk when this returns.

        Of erased users nothing is logged. Each keeps the id that it was sent under: whom that
        became is looked up when it is read, so that a merge can be undone.

        Raises
        ------
        StoreUnavailable
            Nothing was logged.
        """
        with self.database.writing() as writing:
            became = aliases.known_as(writing, {one.user_id for one in exposures if one.user_id})
            erased = {one for one, owner in became.items() if owner == NOBODY}
            rows = [
                (one.exposure_id, one.list_id, one.user_id, *_rest(one))
                for one in exposures
                if one.user_id not in erased
            ]
            new = iter(writing.insert_new("exposures", _COLUMNS, rows))
            return [
                Reception.ERASED
                if one.user_id in erased
                else Reception.ACCEPTED
                if next(new)
                else Reception.DUPLICATE
                for one in exposures
            ]


def _rest(one: Exposure) -> tuple[str, str, int, int]:
    return str(one.kind), one.item_id, one.rank, one.at
