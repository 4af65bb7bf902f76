"""Counters and clocks for Prometheus: per route, and per rung of each question.

Where ``PROMETHEUS_MULTIPROC_DIR`` names a folder when this is loaded, the workers of one server
write their figures there, and each of them shows the figures of all.
"""

from __future__ import annotations

import math
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from recsys.ladder import Question, RungName

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_LAGS = (0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 86_400.0)
_SECONDS = (
    0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
)  # fmt: skip


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        # Of the worker that answers: memory, CPU seconds, open files.
        self._worker = CollectorRegistry()
        ProcessCollector(registry=self._worker)
        self._shared = Path(os.environ[FOLDER]) if os.environ.get(FOLDER) else None
        self._version = ""
        self._requests = self._clock(
            "recsys_request_seconds", "Time to answer a request", "method", "route", "status"
        )
        self._answers = self._clock(
            "recsys_answer_seconds",
            "Time to answer one question about one user, by the rung that answered",
            "question",
            "rung",
        )
        self._failures = self._counter(
            "recsys_rung_failures",
            "Rungs that raised and cost their own answer",
            "question",
            "rung",
        )
        self._lists = self._counter(
            "recsys_placement_lists", "Lists shown, by placement and rung", "placement", "rung"
        )
        self._exposures = self._counter(
            "recsys_placement_exposures",
            "Items of lists that were seen (impression) or clicked, by placement and rung",
            "placement",
            "rung",
            "kind",
        )
        self._add_ingest()
        self._add_model()
        # Finding a labelled child costs more than using it.
        self._request = lru_cache(1_024)(self._requests.labels)
        self._answer = lru_cache(64)(self._answers.labels)
        self._event = lru_cache(16)(self._events.labels)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note a request that was answered."""
        self._request(method, route, str(status)).observe(seconds)

    def answer(self, question: Question, rung: RungName | None, seconds: float) -> None:
        """Note an answer about a user; `rung` is None when every rung failed."""
        self._answer(question, rung or "none").observe(seconds)

    def placed(self, placement: str, rung: RungName | None) -> None:
        """Note a list that a placement showed."""
        self._lists.labels(placement, rung or "none").inc()

    def exposed(self, placement: str, rung: str, kind: str, count: int) -> None:
        """Note items of a placement's lists that were seen or clicked."""
        self._exposures.labels(placement, rung or "none", kind).inc(count)

    def rung_failed(self, question: Question, rung: RungName) -> None:
        """Note a rung that raised."""
        self._failures.labels(question, rung).inc()

    def event(self, verdict: str, count: int) -> None:
        """Note what became of events."""
        self._event(verdict).inc(count)

    def store_read_failed(self) -> None:
        """Note an answer that had to do without the event store."""
        self._store_errors.labels("read").inc()

    def degraded(self, *, without_store: bool, takes_events: bool) -> None:
        """Note whether answers have to do without the event store, and whether it takes events."""
        self._degraded.set(without_store)
        self._takes_events.set(takes_events)

    def store_write_failed(self) -> None:
        """Note a request whose events could not be logged."""
        self._store_errors.labels("write").inc()

    def ingested(self, seconds: float, *, lag_seconds: float) -> None:
        """Note events that are on the disk: after how long, and how old the oldest is."""
        self._ingest.observe(seconds)
        self._lag.observe(lag_seconds)

    def serves(self, version: str, *, churn_drift: float | None = None) -> None:
        """Note a new model version, and how far users had drifted from its churn model."""
        self._drift.set(math.nan if churn_drift is None else churn_drift)
        if self._version:
            # What other workers read of this one stays where it is: it has to say zero.
            self._model.labels(self._version).set(0)
            self._model.remove(self._version)
        self._version = version
        self._model.labels(version).set(1)

    def forget_the_dead(self) -> None:
        """Leave out what workers that are no more said of themselves."""
        for file in self._shared.glob("gauge_live*_*.db") if self._shared else ():
            worker = file.stem.rpartition("_")[2]
            if not Path(f"/proc/{worker}").exists() and Path("/proc/self").exists():
                with suppress(OSError):
                    mark_process_dead(int(worker))  # type: ignore[no-untyped-call]

    def end(self) -> None:
        """Leave out what this worker said of itself; what it counted stays."""
        if self._shared:
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]

    def samples(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Return the labels and the value of each sample of a name, of all workers together."""
        return [
            (dict(sample.labels), sample.value)
            for metric in self._everybody().collect()
            for sample in metric.samples
            if sample.name == name
        ]

    def page(self, *, age_seconds: float, blas_threads: int) -> bytes:
        """Return everything in the text format of Prometheus."""
        self._age.set(age_seconds)
        self._pools.set(blas_threads)
        return generate_latest(self._everybody()) + generate_latest(self._worker)

    def _everybody(self) -> CollectorRegistry:
        """Return the figures of all workers."""
        if self._shared is None:
            return self._registry
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        return everybody

    def _add_ingest(self) -> None:
        self._events = self._counter(
            "recsys_events", "Events handed in, by what became of them", "verdict"
        )
        self._store_errors = self._counter(
            "recsys_store_errors",
            "Answers made without the event store (read), events turned away for it (write)",
            "operation",
        )
        self._degraded = self._gauge("recsys_degraded", "1: answers do without the event store")
        self._takes_events = self._gauge(
            "recsys_takes_events", "0: events cannot be logged now", of_workers="livemin"
        )
        self._takes_events.set(1)
        self._ingest = self._clock(
            "recsys_ingest_seconds", "From handing events in to their being on the disk"
        )
        self._lag = self._clock(
            "recsys_ingest_lag_seconds",
            "From the oldest event of a request to its being on the disk",
            buckets=_LAGS,
        )

    def _add_model(self) -> None:
        self._model = self._gauge(
            "recsys_model_info", "The model version that serves", "version", of_workers="livesum"
        )
        self._age = self._gauge("recsys_model_age_seconds", "Since the end of the training data")
        self._drift = self._gauge(
            "recsys_churn_score_drift",
            "Stability index of churn scores when it was trained; .1 warns, .25 asks to act",
        )
        self._pools = self._gauge("recsys_blas_threads", "Largest BLAS thread pool; must be 1")

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)

    def _clock(
        self, name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = _SECONDS
    ) -> Histogram:
        return Histogram(name, meaning, labels, buckets=buckets, registry=self._registry)

    def _gauge(
        self,
        name: str,
        meaning: str,
        *labels: str,
        of_workers: Literal["livemax", "livemin", "livesum"] = "livemax",
    ) -> Gauge:
        return Gauge(name, meaning, labels, registry=self._registry, multiprocess_mode=of_workers)
