"""Audiences of a size that was asked for: who most likely wants something, or is like some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from api.messages.groups import LikelyAnswer, LikelyBody, LikelyUser
from api.model.served import Serving
from recsys.data.person import Person
from recsys.errors import BadQuery, StoreUnavailable
from recsys.items import affinity
from recsys.segments.groups import MIN_USERS
from recsys.storage.users import aliases

if TYPE_CHECKING:
    from api.service import Service

MOST_SEEDS = 2_000
_ASKED = ("items", "category", "like_segment", "like_users")
_WANTS = "what they took of these items, and of items that the same users take"
_LIKE = "how much of what they took is what those took"


def likely(service: Service, serving: Serving, body: LikelyBody) -> LikelyAnswer:
    """Return so many users as are asked for, the likeliest first; runs in a thread.

    Only those who allow profiling now and granted marketing, on the channel if one is named.

    Raises
    ------
    BadQuery, UnknownItem, UnknownSegment, StoreUnavailable
        As :func:`scored` does.
    """
    score, why, left_out = scored(service, serving, body)
    found = _first(service, serving, score, body, left_out=left_out)
    return LikelyAnswer(serving.answering.version, why, len(score), found)


def scored(
    service: Service, serving: Serving, body: LikelyBody
) -> tuple[NDArray[np.float64], str, frozenset[str]]:
    """Return how likely it is of each known user, by what, and who is to be left out.

    Raises
    ------
    BadQuery
        Not one thing is asked for, or too few users are named to be like.
    UnknownItem, UnknownSegment
        The serving model does not know it.
    StoreUnavailable
        Consents cannot be read.
    """
    said = [name for name in _ASKED if getattr(body, name) is not None]
    if len(said) != 1:
        raise BadQuery("items", body.items, f"one of {', '.join(_ASKED)}")
    if body.channel not in (None, "", *service.config.channels.arms):
        raise BadQuery("channel", body.channel, ", ".join(service.config.channels.arms))
    bundle = serving.answering.bundle
    histories = bundle.items.weights.histories(bundle.interactions, at=bundle.items.at)
    if said[0] in {"items", "category"}:
        targets, left_out = _targets(serving, body), frozenset[str]()
        return affinity.wanting(histories, bundle.items.neighbours, targets), _WANTS, left_out
    seeds = _seeds(service, serving, body)
    rows = [bundle.interactions.users.row(user) for user in seeds]
    known = np.array([row for row in rows if row is not None], np.int32)
    if len(known) < MIN_USERS:
        allowed = f"at least {MIN_USERS} known users who allow profiling"
        raise BadQuery(said[0], f"{len(known)} of them", allowed)
    return affinity.alike(histories, known), _LIKE, frozenset(seeds)


def still_may(
    service: Service, serving: Serving, user_ids: Iterable[str], channel: str | None
) -> Iterator[str]:
    """Yield the users who allow profiling and granted marketing, as of now.

    Raises
    ------
    StoreUnavailable
        Consents cannot be read.
    """
    for person in _people(service, serving, user_ids):
        if person.profiling and _is_reachable(person, channel):
            yield person.user_id


def _targets(serving: Serving, body: LikelyBody) -> NDArray[np.int32]:
    answering = serving.answering
    if body.items is not None:
        rows = [answering.item_row(item) for item in body.items]
        return np.unique(np.array(rows, np.int32))
    category = answering.bundle.catalogue.category
    rows = [row for row, name in enumerate(category) if name and name == body.category]
    if not rows:
        raise BadQuery("category", body.category, "a category of the catalogue")
    return np.array(rows, np.int32)


def _seeds(service: Service, serving: Serving, body: LikelyBody) -> list[str]:
    """Return whom the others have to be like, of those who allow profiling; a sample of many."""
    if body.like_users is None:
        named = sorted(serving.answering.bundle.members(str(body.like_segment)))
    else:
        named = list(dict.fromkeys(body.like_users))
    if len(named) > MOST_SEEDS:
        rng = np.random.default_rng(service.config.training.seed)
        named = sorted(rng.choice(named, MOST_SEEDS, replace=False).tolist())
    people = _people(service, serving, named)
    return [person.user_id for person in people if person.profiling]


def _first(
    service: Service,
    serving: Serving,
    score: NDArray[np.float64],
    body: LikelyBody,
    *,
    left_out: frozenset[str],
) -> list[LikelyUser]:
    users = serving.answering.bundle.interactions.users
    order = np.argsort(-score, kind="stable")
    ranked = (users[row] for row in order[score[order] > 0].tolist())
    found: list[LikelyUser] = []
    for person in _people(service, serving, (one for one in ranked if one not in left_out)):
        if person.profiling and _is_reachable(person, body.channel) and person.user_row is not None:
            value = float(score[person.user_row])
            found.append(LikelyUser(person.user_id, len(found) + 1, value))
        if len(found) == body.users:
            break
    return found


def _is_reachable(person: Person, channel: str | None) -> bool:
    return channel in person.channels if channel else bool(person.channels)


def _people(service: Service, serving: Serving, user_ids: Iterable[str]) -> Iterator[Person]:
    """Yield users as they are now; not the erased, nor ids that became another user's."""
    query, at = service.reader.query(b""), service.clock()
    became = aliases.everybody(service.log.database)
    for user_id in user_ids:
        if user_id in became:
            continue
        person, notes = service.desk.person(serving, user_id, query, at=at)
        if notes:
            raise StoreUnavailable("consents cannot be read now, and nobody is named without them")
        yield person
