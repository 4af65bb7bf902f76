"""Decisions with an id: one value that is logged, and answered from."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import orjson

from api.messages.channel import Channel
from api.messages.message import dump
from api.model.served import Serving
from api.requests.query import Query
from api.runtime.json import Json
from recsys.channel.choice import ChannelChoice
from recsys.channel.decision import FEATURES_VERSION, Decision
from recsys.channel.send_time import SendHour, best_time
from recsys.channel.terms import NONE, Terms
from recsys.data.person import NO_SEGMENT, Person
from recsys.data.times import local_hour, zone_or
from recsys.experiments.plan import Plan
from recsys.ladder import Climb

WITHDRAWN = "the logged decision was {channel}, and consent to it was withdrawn since"


class Draws(NamedTuple):
    """How lots were drawn, and up to which line the consent ledger was read."""

    epsilon: float
    seed: int
    consent_seq: int


def told_apart(plan: Plan, query: Query) -> Query:
    """Return the query with the experiment that it is in, where the caller named none."""
    if query.experiment or not plan.parts:
        return query
    part = plan.parts[0]
    return msgspec.structs.replace(
        query, experiment=part.running.experiment_id, variant=part.variant
    )


def taken(
    climb: Climb[ChannelChoice], person: Person, query: Query, serving: Serving, draws: Draws
) -> Decision:
    """Return the decision behind an answer."""
    choice = climb.answer
    if choice is None or climb.rung is None:
        raise ValueError("no rung answered")
    terms = serving.answering.bundle.channel.terms
    return Decision(
        decision_id=query.decision,
        user_id=person.user_id,
        at=person.at,
        session=query.session,
        surface=query.context.placement,
        experiment=query.experiment,
        variant=query.variant,
        rung=climb.rung,
        version=serving.answering.version,
        model_sha256=serving.sha256,
        features=orjson.dumps(_features(person, serving, terms)).decode(),
        features_version=FEATURES_VERSION,
        action=choice.best,
        send_at=choice.send_at,
        pscore=choice.pscore,
        explored=choice.explored,
        epsilon=draws.epsilon,
        seed=draws.seed,
        consent_seq=draws.consent_seq,
        cost=_cost(choice.best, terms),
        currency=serving.answering.manifest.config["channels"].get("currency", ""),
        answer=dump(Channel.climbed(climb, hour_of(climb, person, serving), explain=True)).decode(),
    )


def hour_of(climb: Climb[ChannelChoice], person: Person, serving: Serving) -> SendHour | None:
    """Return when the message would best go out; None where none does."""
    if climb.answer is None:
        return None
    models = serving.answering.bundle.channel
    return best_time(person, climb.answer.best, models.rhythm, models.terms, models.hours)


def told(decision: Decision, *, explain: bool) -> Channel:
    """Return the answer about a channel from a decision."""
    answer: Json = orjson.loads(decision.answer)
    for arm in answer["ranked"]:
        # Logged before pscore was called by its name.
        arm.setdefault("pscore", arm["propensity"])
    return msgspec.convert(answer if explain else {**answer, "trail": []}, Channel)


def _features(person: Person, serving: Serving, terms: Terms) -> dict[str, Any]:
    segments = serving.answering.bundle.segments.names
    there = zone_or(person.context.timezone, terms.timezone)
    return {
        "known": person.user_row is not None,
        "profiling": person.profiling,
        "segment": None if person.segment_row == NO_SEGMENT else segments[person.segment_row],
        "granted": sorted(person.channels),
        "sent_in_week": {name: len(sent) for name, sent in sorted(person.messages.items())},
        "local_hour": local_hour(person.at, there),
        "timezone": there.key,
    }


def _cost(action: str, terms: Terms) -> float:
    return 0.0 if action == NONE else terms.channels[terms.names.index(action)].cost
