"""Audiences: who belongs to a segment or to the cohort of a rule, and may be written to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from api.answers.answer import Desk
from api.answers.small_counts import few, withheld
from api.messages.groups import AudienceBody, AudiencePreview, Leaf
from api.model.served import Serving
from api.requests.query import Query
from recsys import audience as membership
from recsys.audience import COHORT, Audience
from recsys.data.ids import IdMap
from recsys.data.person import Person
from recsys.errors import BadQuery, StoreUnavailable, UnknownSegment
from recsys.model_version import Answering
from recsys.segments import rule_parser
from recsys.segments.cohort import NO_LEAF, CohortDecision
from recsys.segments.groups import FAMILIES, MIN_USERS
from recsys.segments.rule import Rule

CHUNK = 500
SAMPLE = 20_000
COLUMNS = ("user_id", "decided_by", *FAMILIES)
NO_CONSENT = "no consent to profiling"
PROFILED = (
    "known users who allow profiling now, for the rule looks at behaviour; /v1/segments counts all "
    "users of the training data"
)
EVERYBODY = (
    "known users, whether they allow profiling or not: the rule looks at what they said only"
)


@dataclass(frozen=True, slots=True)
class AudienceQuery:
    """Who is wanted.

    Attributes
    ----------
    rule : Rule
        Who belongs.
    channel : str
        The channel that they have to have granted; empty: any.
    """

    rule: Rule
    channel: str = ""

    def reachable(self, person: Person) -> bool:
        """Return whether the person granted marketing on the channel; unknown is denied."""
        return self.channel in person.channels if self.channel else bool(person.channels)


@dataclass(frozen=True, slots=True)
class Looked:
    """Some users, looked at."""

    people: Sequence[Person]
    audience: Audience
    decision: CohortDecision


def read(
    body: AudienceBody, answering: Answering, cohorts: Mapping[str, Rule],
    channels: Iterable[str],
) -> AudienceQuery:  # fmt: skip
    """Return the audience that a request names: a `rule`, or a `segment`.

    Raises
    ------
    BadQuery
        Neither or both, or an unknown channel.
    BadRule, UnknownSegment
        What is named does not exist, or cannot be read.
    """
    rule = check(body, channels)
    if rule is None:
        wanted = rule_of(body.segment or "", answering, cohorts)
    else:
        wanted = membership.check(rule, answering)
    return AudienceQuery(wanted, body.channel or "")


def rule_of(name: str, answering: Answering, cohorts: Mapping[str, Rule]) -> Rule:
    """Return the rule that is so of whoever is in a segment, or in ``cohort:NAME``.

    Raises
    ------
    UnknownSegment, BadRule
        There is none of that name, or the rule of the cohort names what does not exist.
    """
    if name.startswith(COHORT):
        return _stored(name, cohorts, answering)
    return membership.of_segment(name, answering)


def check(body: AudienceBody, channels: Iterable[str]) -> Rule | None:
    """Return the `rule` of a request, and refuse all that is wrong without asking a model.

    Raises
    ------
    BadQuery
        Neither a rule nor a segment or both, or an unknown channel.
    BadRule
        The rule cannot be read.
    """
    if (body.rule is None) == (body.segment is None):
        raise BadQuery("rule", body.rule, "a rule, or the name of a segment, not both")
    if body.channel not in (None, "", *channels):
        raise BadQuery("channel", body.channel, ", ".join(channels))
    return None if body.rule is None else rule_parser.parse(body.rule)


def looked_at(
    desk: Desk, serving: Serving, audience: AudienceQuery, user_ids: Iterable[str], *, query: Query,
    at: int,
) -> Iterator[Looked]:  # fmt: skip
    """Yield the users in chunks, with where they belong; memory is bounded by ``CHUNK``.

    Raises
    ------
    StoreUnavailable
        Consents cannot be read: a list without those who agreed would look complete.
    """
    users = iter(user_ids)
    while chunk := list(islice(users, CHUNK)):
        people = [_gathered(*each) for each in desk.people(serving, chunk, query, at=at)]
        belonging = desk.audience(serving, people, at=at)
        yield Looked(people, belonging, belonging.decide(audience.rule))


def members(looked: Looked, audience: AudienceQuery) -> Iterator[dict[str, str | None]]:
    """Yield a row for each of the users who belongs and may be written to."""
    for place in np.flatnonzero(looked.decision.inside).tolist():
        person = looked.people[place]
        if audience.reachable(person):
            leaf = audience.rule.leaves[looked.decision.leaf[place]]
            yield {
                "user_id": person.user_id,
                "decided_by": leaf.path,
                **looked.audience.segments(place),
            }


def granted(
    desk: Desk, serving: Serving, channel: str, user_ids: Iterable[str], *, query: Query, at: int
) -> Iterator[str]:
    """Yield the users who granted marketing on a channel; unknown is denied.

    Raises
    ------
    StoreUnavailable
        Consents cannot be read.
    """
    users = iter(user_ids)
    while chunk := list(islice(users, CHUNK)):
        for each in desk.people(serving, chunk, query, at=at):
            person = _gathered(*each)
            if channel in person.channels:
                yield person.user_id


def sample(users: IdMap | Sequence[str], *, seed: int) -> list[str]:
    """Return all users, or ``SAMPLE`` of them drawn at random where there are more."""
    if len(users) <= SAMPLE:
        return list(users)
    rows = np.random.default_rng(seed).choice(len(users), SAMPLE, replace=False)
    return [users[row] for row in np.sort(rows).tolist()]


@dataclass(slots=True)
class Tally:
    """Users looked at so far: how many, who belongs, and what each leaf let in and kept out."""

    seen: int = 0
    reachable: int = 0
    admitted: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)

    @property
    def inside(self) -> int:
        """How many belong."""
        return self.admitted.total()

    def add(self, looked: Looked, audience: AudienceQuery) -> None:
        """Count some more."""
        belongs, leaf = looked.decision.inside, looked.decision.leaf
        self.seen += len(looked.people)
        self.reachable += sum(1 for _ in members(looked, audience))
        self.admitted.update(leaf[belongs].tolist())
        self.refused.update(leaf[~belongs].tolist())


def preview(tally: Tally, audience: AudienceQuery, *, of: int, version: str) -> AudiencePreview:
    """Return how many belong, how many may be written to, and which leaves decided.

    `counted` says who can be among them. Where only some of the `of` users were looked at, counts
    are scaled up and `estimated` says so. Counts of fewer than ``MIN_USERS`` users, and those that
    would give one away, are null.
    """
    scale = of / tally.seen if tally.seen else 1.0
    unknown = few(tally.inside) or few(tally.seen - tally.inside)
    unreached = few(tally.reachable) or (unknown and tally.seen - tally.reachable < MIN_USERS)
    return AudiencePreview(
        version,
        PROFILED if audience.rule.profiles else EVERYBODY,
        users=None if unknown else round(tally.inside * scale),
        reachable=None if unreached else round(tally.reachable * scale),
        of=of,
        looked_at=tally.seen,
        estimated=tally.seen < of,
        decided_by=_leaves(tally, audience.rule, scale, sides_known=not unknown),
    )


def _leaves(tally: Tally, rule: Rule, scale: float, *, sides_known: bool) -> list[Leaf]:
    """Return what each leaf decided; `sides_known` is whether it is told how many belong."""
    paths = {NO_LEAF: NO_CONSENT, **{leaf.index: leaf.path for leaf in rule.leaves}}
    paths = {i: path for i, path in paths.items() if tally.admitted[i] or tally.refused[i]}
    admitted = {("admitted", index): tally.admitted[index] for index in paths}
    refused = {("refused", index): tally.refused[index] for index in paths}
    cells = admitted | refused
    hidden = withheld(admitted) | withheld(refused) if sides_known else withheld(cells)
    told = {c: None if c in hidden else round(n * scale) for c, n in cells.items()}
    return [Leaf(path, told["admitted", i], told["refused", i]) for i, path in paths.items()]


def _gathered(person: Person, notes: list[str]) -> Person:
    if notes:
        raise StoreUnavailable("consents cannot be read now, and nobody is counted without them")
    return person


def _stored(name: str, cohorts: Mapping[str, Rule], answering: Answering) -> Rule:
    rule = cohorts.get(name.removeprefix(COHORT))
    if rule is None:
        known = (
            *(p.name for p in answering.bundle.portraits),
            *(f"{COHORT}{cohort}" for cohort in cohorts),
        )
        raise UnknownSegment(name, known=known)
    return membership.check(rule, answering)
