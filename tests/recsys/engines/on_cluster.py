"""Sums of parts on a cluster, told as JSON; run in a process of its own by test_cluster."""

from __future__ import annotations

import os
import sys

import numpy as np
import orjson

from recsys.config import Training
from recsys.engines import opened
from tests.recsys.engines.test_engines import NUMBERS, Numbers, told

PARTS = [(start, start + 1) for start in range(10)]


def summed(numbers: Numbers, part: tuple[int, int]) -> tuple[int, int]:
    """Return the sum of a part, and who worked it out."""
    start, stop = part
    return int(np.sum(numbers.some[start:stop])), os.getpid()


def main(where: str) -> None:
    """Work, and tell."""
    with opened(Training(engine="spark", spark=where), n_events=1) as engine:
        later = engine.aside(told, NUMBERS)
        found = list(engine.each(summed, NUMBERS, PARTS))
        assert later(print).startswith("n ")
    sums, workers = zip(*found, strict=True)
    sys.stdout.buffer.write(orjson.dumps({"sums": sums, "workers": len({*workers, os.getpid()})}))
