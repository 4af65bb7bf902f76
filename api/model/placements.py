"""The placements that are served, worked out for the model version at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from api.model.served import Serving
from recsys.errors import StoreUnavailable
from recsys.placements.fields import ItemFields
from recsys.placements.placement import Placement, check_against
from recsys.placements.rules import Rules
from recsys.placements.versions import Placements, PlacementVersion
from recsys.storage.placements.store import PlacementStore
from recsys.storage.users.profiles import Profiles, item_fields

_NEVER = -1
_VERSIONS = 2
"""How many model versions have their fields at hand: the one that serves, and the next."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read at one moment. Rules are worked out when they are first asked for."""

    placements: Placements
    seq: int
    change: int
    fields: Mapping[str, ItemFields]
    rules: dict[tuple[str, int, str], Rules] = field(default_factory=dict)


class CurrentPlacements:
    """The one mutable reference to placements and to the catalogue that their rules ask.

    Parameters
    ----------
    store : PlacementStore
        Where placements are kept.
    unavailable : frozenset of str
        Items that nobody may have, whatever the store says of them.
    """

    def __init__(self, store: PlacementStore, *, unavailable: frozenset[str]) -> None:
        self._store = store
        self._profiles = Profiles(store.database)
        self._unavailable = unavailable
        self._known = _Read(Placements([]), _NEVER, _NEVER, {})

    @property
    def placements(self) -> Placements:
        """All placements, as they were read last."""
        return self._known.placements

    @property
    def change(self) -> int:
        """A number that ascends with what is said of items."""
        return self._known.change

    def prepare(self, serving: Serving) -> None:
        """Read what a model version needs before it serves.

        Without the store the version's own catalogue stands in, until the store can be read.
        """
        known, version = self._known, serving.answering.version
        items, catalogue = serving.answering.bundle.interactions.items, serving.answering.bundle
        try:
            change = self._profiles.last_change()
            fields = item_fields(items, self._profiles.items(), self._unavailable)
        except StoreUnavailable:
            change, fields = _NEVER, ItemFields.of(items, catalogue.catalogue, {})
        kept = dict([*known.fields.items()][1 - _VERSIONS :])
        self._known = replace(known, change=change, fields={**kept, version: fields}, rules={})

    def catch_up(self, serving: Serving | None) -> None:
        """Read what changed.

        Raises
        ------
        StoreUnavailable
            The store cannot be read: what is known stays.
        """
        if (seq := self._store.last_seq()) != self._known.seq:
            placements = self._store.all()
            self._known = replace(self._known, placements=placements, seq=seq, rules={})
        if serving is not None and self._profiles.last_change() != self._known.change:
            self.prepare(serving)

    def put(
        self, placement_id: str, placement: Placement, serving: Serving, *, at: int
    ) -> PlacementVersion:
        """Save a placement, and serve it here at once; other workers follow when they look.

        Raises
        ------
        BadRule
            It asks for what the catalogue does not have.
        StoreUnavailable
            Nothing was saved.
        """
        self.catch_up(serving)
        check_against(placement, self._fields(serving))
        saved = self._store.put(placement_id, placement, at=at)
        self.catch_up(serving)
        return saved

    def rules(self, saved: PlacementVersion, serving: Serving) -> Rules:
        """Return a placement, worked out for a model version."""
        known, version = self._known, serving.answering.version
        key = (saved.placement_id, saved.version, version)
        if (found := known.rules.get(key)) is None:
            found = known.rules[key] = Rules.of(saved.placement, self._fields(serving))
        return found

    def tried(self, placement: Placement, serving: Serving) -> Rules:
        """Return a placement that is not saved, worked out for a model version.

        Raises
        ------
        BadRule
            It asks for what the catalogue does not have.
        """
        fields = self._fields(serving)
        check_against(placement, fields)
        return Rules.of(placement, fields)

    def can_be_had(self, item_id: str, serving: Serving) -> bool:
        """Return whether an item is in the catalogue, in stock and not hidden."""
        row = serving.answering.bundle.interactions.items.row(item_id)
        return row is not None and bool(self._fields(serving).available[row])

    def _fields(self, serving: Serving) -> ItemFields:
        found = self._known.fields.get(serving.answering.version)
        if found is None:
            self.prepare(serving)
            found = self._known.fields[serving.answering.version]
        return found
