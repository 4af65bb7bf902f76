"""All placements that were saved, and which version of each is in force."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from recsys.data.times import moment
from recsys.errors import BadQuery, UnknownPlacement
from recsys.placements.placement import NAME, Placement

DEFAULT = "default"
"""The placement that is there before any was saved."""


@dataclass(frozen=True, slots=True)
class PlacementVersion:
    """A placement as it was saved once.

    Attributes
    ----------
    placement_id : str
        Its name.
    version : int
        1, 2… of this name; 0 for what nobody saved.
    placement : Placement
        What was saved.
    at : int
        When, microseconds since the epoch.
    """

    placement_id: str
    version: int
    placement: Placement
    at: int


BUILT_IN = PlacementVersion(DEFAULT, 0, Placement(repeats="mix"), 0)
"""What a home page wants: what one buys again, and what is new to one."""


class Placements:
    """Every version of every placement.

    Parameters
    ----------
    saved : iterable of Saved
        Later ones of a name replace earlier ones while they are in force.
    """

    def __init__(self, saved: Iterable[PlacementVersion]) -> None:
        self._versions: dict[str, list[PlacementVersion]] = {DEFAULT: [BUILT_IN]}
        for one in saved:
            self._versions.setdefault(one.placement_id, []).insert(0, one)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in their order."""
        return tuple(sorted(self._versions))

    def versions(self, placement_id: str) -> tuple[PlacementVersion, ...]:
        """Return all versions of a placement, latest first.

        Raises
        ------
        UnknownPlacement
            None was ever saved.
        """
        if placement_id not in self._versions:
            raise UnknownPlacement(placement_id, known=self.names)
        return tuple(self._versions[placement_id])

    def in_force(self, placement_id: str, *, at: int) -> PlacementVersion | None:
        """Return the latest version that is in force at an instant; None where none is.

        Raises
        ------
        UnknownPlacement
            None was ever saved.
        """
        when = moment(at)
        saved = self.versions(placement_id)
        return next((one for one in saved if one.placement.in_force(when)), None)


def checked_name(placement_id: str) -> str:
    """Return the name of a placement to be saved.

    Raises
    ------
    BadQuery
        It could not stand in an address as it is.
    """
    if re.fullmatch(NAME, placement_id) is None:
        allowed = "1 to 64 letters, digits, - and _, a letter or digit first"
        raise BadQuery("placement_id", placement_id, allowed)
    return placement_id
