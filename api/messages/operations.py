"""The state of a worker and of the model that it serves."""

from __future__ import annotations

from typing import Annotated, Literal

from api.messages.message import Instant, Message, Version, told

Refused = Annotated[str | None, told("why the champion is not what serves")]


class ModelAnswer(Message, frozen=True, kw_only=True):
    """The model version that serves."""

    version: Version
    data_until: Instant
    age_seconds: float
    fingerprint: str
    counts: dict[str, int]
    simulated: list[str]
    rungs: Annotated[dict[str, dict[str, bool]], told("whether each rung is shipped")]
    refused: Refused


class Live(Message, frozen=True):
    """The process runs."""

    status: Literal["live"] = "live"


class Ready(Message, frozen=True, kw_only=True):
    """Whether this worker can answer."""

    status: Literal["ready", "not_ready"]
    why: Annotated[list[str], told("what is missing")]
    model_version: str | None
    refused: Refused
    blas_threads: Annotated[dict[str, int], told("threads of every pool; all must be 1")]
    clock: Instant
    clock_shifted: Annotated[bool, told("whether the clock is not real time (demos)")]
