"""All that serving needs, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.channel.models import ChannelModels
from recsys.churn.models import ChurnModels
from recsys.data.catalogue import Catalogue
from recsys.data.interactions import Interactions
from recsys.errors import UnknownSegment
from recsys.evaluation.per_user import PerUser
from recsys.items.models import ItemModels
from recsys.ladder import Question, RungName, Verdict
from recsys.segments.groups import OF_TASTE, Groups, Portrait
from recsys.segments.table import SegmentTable
from recsys.value.models import ValueModels


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a bundle came from: nothing here differs between two runs on the same store.

    Attributes
    ----------
    data_until : int
        Everything in the bundle happened strictly before (microseconds).
    watermark : int
        Sequence number of the last logged event that training has seen; later ones are *live*.
    fingerprint : str
        SHA-256 of the training data.
    counts : mapping of str to int
        Users, items, interactions, messages.
    simulated : tuple of str
        Parts of the data that come from a simulation (``messages``).
    config : mapping
        The resolved configuration.
    choices : mapping
        Hyper-parameters chosen on validation data, per question.
    verdicts : mapping
        What held-out data said about each rung of each question.
    metrics : mapping
        The figures behind the verdicts, per question.
    libraries : mapping of str to str
        Versions that fitted the models.
    store : str
        Id of the store that holds the data; empty where older code made it.
    """

    data_until: int
    watermark: int
    fingerprint: str
    counts: Mapping[str, int]
    simulated: tuple[str, ...]
    config: Mapping[str, Any]
    choices: Mapping[str, Any]
    verdicts: Mapping[Question, Mapping[RungName, Verdict]]
    metrics: Mapping[str, Any]
    libraries: Mapping[str, str]
    store: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The fitted values behind all three questions, on shared rows.

    Attributes
    ----------
    interactions : Interactions
        What the models were trained on; its id maps give every row its meaning.
    segments : SegmentTable
        The segments that rung 1 answers by.
    groups : Groups
        All groupings of users, and the figures of each segment.
    judged : tuple of PerUser
        How the served ladders did on held-out users, for the gate of later challengers.
    """

    interactions: Interactions
    catalogue: Catalogue
    segments: SegmentTable
    groups: Groups
    items: ItemModels
    churn: ChurnModels
    value: ValueModels
    channel: ChannelModels
    judged: tuple[PerUser, ...]

    @property
    def portraits(self) -> tuple[Portrait, ...]:
        """Every segment there is, in figures; of segments of taste, only how many are in them."""
        items = self.items.segment
        tastes = zip(items.names, items.members.tolist(), strict=True)
        return (
            *self.groups.portraits,
            *(Portrait.sized(name, n) for name, n in tastes if name.startswith(OF_TASTE)),
        )

    def segment(self, name: str) -> Portrait:
        """Return the segment of a name: the one door for all who are given one.

        Raises
        ------
        UnknownSegment
            There is none of that name.
        """
        each = {portrait.name: portrait for portrait in self.portraits}
        if name not in each:
            raise UnknownSegment(name, known=each)
        return each[name]

    def members(self, segment: str) -> frozenset[str]:
        """Return the ids of who is in a segment, as of training.

        Raises
        ------
        UnknownSegment
            There is none of that name.
        """
        name, table, tastes = self.segment(segment).name, self.segments, self.items.segment.tastes
        if tastes is not None and name.startswith(OF_TASTE):
            inside = tastes.of_user == self.items.segment.named(name) - tastes.first
        elif name in table.names:
            inside = table.members(table.row(name))
        else:
            inside = self.groups.inside_at_training(name, self.interactions, at=self.items.at)
        users = self.interactions.users
        return frozenset(users[int(one)] for one in np.flatnonzero(inside))
