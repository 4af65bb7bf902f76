"""The state of a worker and of the model that it serves, and what went wrong."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from api.messages.message import Instant, Message, Version, told

Refused = Annotated[str | None, told("why the champion is not what serves")]


class ModelAnswer(Message):
    """The model version that serves."""

    version: Version
    data_until: Instant
    age_seconds: float
    fingerprint: str
    counts: dict[str, int]
    simulated: list[str]
    rungs: Annotated[dict[str, dict[str, bool]], told("whether each rung is shipped")]
    refused: Refused


class Live(Message):
    """The process runs."""

    status: Literal["live"] = "live"


class Ready(Message, kw_only=True):
    """Whether this worker can answer."""

    status: Annotated[
        Literal["ready", "degraded", "not_ready"],
        told("degraded: answers go on from memory, for the event store cannot be read"),
    ]
    takes_events: Annotated[
        bool,
        told("whether events can be logged: the store is there, and its last write held"),
    ]
    why: Annotated[list[str], told("what is missing")]
    version: Annotated[str, told("of this service")]
    model_version: str | None
    refused: Refused
    blas_threads: Annotated[dict[str, int], told("threads of every pool; all must be 1")]
    clock: Instant
    clock_shifted: Annotated[bool, told("whether the clock is not real time (demos)")]


class Problem(Struct):
    """RFC 9457, with the facts of the problem as further members."""

    type: Annotated[str, Meta(examples=["urn:recsys:problem:bad-query"])]
    title: str
    status: int
    detail: Annotated[str, Meta(examples=["limit is '0'; allowed: a whole number from 1 to 100"])]
    code: Annotated[str, told("of the problem, or of what is wrong with the one event")]
    message: Annotated[str, told("the same as detail, for clients that look for it")]
    request_id: str
