"""Small bundles and manifests for the tests of the store."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.bundle import Manifest
from recsys.data.times import DAY
from recsys.evaluation.estimate import Estimate
from recsys.ladder import Question, RungName, Verdict

BLACK_FRIDAY = 14_944 * DAY


@dataclass(frozen=True, slots=True)
class Small:
    """A bundle with one array of a page or more and one fact."""

    scores: NDArray[np.float32]
    name: str


def bundle(seed: int, *, size: int = 10_000) -> Small:
    return Small(np.random.default_rng(seed).random(size, np.float32), f"seed {seed}")


def manifest(seed: int = 1, *, data_until: int = BLACK_FRIDAY) -> Manifest:
    verdict = Verdict.on(
        RungName.SEGMENT, RungName.POPULAR, "ndcg_at_20", Estimate(0.02, 0.01, 0.03, 900)
    )
    return Manifest(
        data_until=data_until,
        watermark=397_884,
        fingerprint="ab" * 32,
        counts={"users": 4_338, "items": 3_665},
        simulated=("messages",),
        config={"training": {"seed": seed}},
        choices={"items": {"factors": 64}},
        verdicts={Question.ITEMS: {RungName.SEGMENT: verdict}},
        metrics={"items": {"ndcg_at_20": {"popular": 0.01, "segment": 0.03}}},
        libraries={"numpy": "2.4.6"},
    )
