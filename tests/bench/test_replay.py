"""Anonymous sessions through the API, in a small world with a rule."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.bench import replay

N_ITEMS, LENGTH = 40, 5


def ring(rng: np.random.Generator) -> list[int]:
    start = int(rng.integers(N_ITEMS))
    return [(start + step) % N_ITEMS for step in range(LENGTH)]


@pytest.mark.slow
def test_the_api_ranks_as_the_model_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    train, test = tmp_path / "train", tmp_path / "test"
    train.write_text("".join(f"{json.dumps(ring(rng))}\n" for _ in range(2_200)))
    lines = [{"prefix": (walk := ring(rng))[:3], "target": walk[3]} for _ in range(60)]
    test.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    replay.main(train, test, sample=0, folder=tmp_path)
    said = capsys.readouterr().out
    figures = re.findall(r"P@20 ([\d.]+)  MRR@20 ([\d.]+) over 60", said)
    assert figures[0] == figures[1] == ("100.00", "100.00")
    assert "'hyper': 60" in said
