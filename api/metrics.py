"""Counters and clocks for Prometheus: per route, and per rung of each question."""

from __future__ import annotations

import math
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from recsys.ladder import Question, RungName

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (
    0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
)  # fmt: skip


class Metrics:
    """The figures of one process, in a registry of their own.

    Each worker counts for itself: scrape workers one by one, or run one worker a replica.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "recsys_request_seconds",
            "Time to answer a request",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._answers = Histogram(
            "recsys_answer_seconds",
            "Time to answer one question about one user, by the rung that answered",
            ("question", "rung"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._failures = self._counter(
            "recsys_rung_failures",
            "Rungs that raised and cost their own answer",
            "question",
            "rung",
        )
        self._events = self._counter(
            "recsys_events", "Events handed in, by what became of them", "verdict"
        )
        self._blind = self._counter(
            "recsys_store_reads_failed", "Answers made without the event store"
        )
        self._model = Gauge(
            "recsys_model_info",
            "The model version that serves",
            ("version",),
            registry=self._registry,
        )
        self._age = self._gauge("recsys_model_age_seconds", "Since the end of the training data")
        self._drift = self._gauge(
            "recsys_churn_score_drift",
            "Stability index of churn scores when it was trained; .1 warns, .25 asks to act",
        )
        self._pools = self._gauge("recsys_blas_threads", "Largest BLAS thread pool; must be 1")
        # Finding a labelled child costs more than using it.
        self._request = lru_cache(1_024)(self._requests.labels)
        self._answer = lru_cache(64)(self._answers.labels)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note a request that was answered."""
        self._request(method, route, str(status)).observe(seconds)

    def answer(self, question: Question, rung: RungName | None, seconds: float) -> None:
        """Note an answer about a user; `rung` is None when every rung failed."""
        self._answer(question, rung or "none").observe(seconds)

    def rung_failed(self, question: Question, rung: RungName) -> None:
        """Note a rung that raised."""
        self._failures.labels(question, rung).inc()

    def event(self, verdict: str, count: int) -> None:
        """Note what became of events."""
        self._events.labels(verdict).inc(count)

    def store_read_failed(self) -> None:
        """Note an answer that had to do without the event store."""
        self._blind.inc()

    def serves(self, version: str, *, churn_drift: float | None = None) -> None:
        """Note a new model version, and how far users had drifted from its churn model."""
        self._drift.set(math.nan if churn_drift is None else churn_drift)
        self._model.clear()
        self._model.labels(version).set(1)

    def page(self, *, age_seconds: float, blas_threads: int) -> bytes:
        """Return everything in the text format of Prometheus."""
        self._age.set(age_seconds)
        self._pools.set(blas_threads)
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self._registry)
