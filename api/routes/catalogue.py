"""Answers that are about nobody: similar items, usage intervals, the model itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.messages import groups
from api.messages.groups import UsageIntervalAnswer
from api.messages.lists import similar_items
from api.messages.operations import ModelAnswer
from api.messages.users import SimilarAnswer
from api.requests.query import NO_NAMES, SIMILAR
from api.runtime import json
from api.web.response import SHARED
from api.web.route import Call, Route, route

if TYPE_CHECKING:
    from api.service import Service


@route(
    "GET /v1/items/{item_id:path}/similar",
    SimilarAnswer,
    tag="items",
    browser=True,
    takes=SIMILAR,
    cache=SHARED,
    may=(404,),
)
def similar(service: Service, call: Call) -> SimilarAnswer:
    """Find what the users of an item also take."""
    serving, query = service.current.serving, call.query
    answering = serving.answering
    found = answering.bundle.items.similar(
        answering.item_row(call.id), query.limit, allowed=answering.allowed(query.exclude)
    )
    at = json.instant(service.clock())
    return SimilarAnswer(call.id, answering.version, at, similar_items(found, serving))


@route("GET /v1/usage-interval", UsageIntervalAnswer, tag="churn", takes=NO_NAMES, cache=SHARED)
def usage_interval(service: Service, _: Call) -> UsageIntervalAnswer:
    """Tell within how many days most users come back, and how far ahead churn looks."""
    answering = service.current.serving.answering
    return groups.usage(answering.bundle.churn, answering.version)


@route("GET /v1/models/current", ModelAnswer, tag="models", takes=NO_NAMES)
def model(service: Service, _: Call) -> ModelAnswer:
    """Tell which model version serves, where it came from, and which rungs are shipped."""
    manifest = service.current.serving.answering.manifest
    return ModelAnswer.copy_of(
        manifest,
        version=service.current.version,
        data_until=json.instant(manifest.data_until),
        counts=dict(manifest.counts),
        age_seconds=service.current.age_seconds(service.clock()),
        rungs={
            str(question): {str(name): verdict.shipped for name, verdict in verdicts.items()}
            for question, verdicts in manifest.verdicts.items()
        },
        refused=service.current.refused or None,
    )


ROUTES: tuple[Route, ...] = (similar, usage_interval, model)
