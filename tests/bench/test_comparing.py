"""The benchmark measures what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.bench.bare import BODY
from tests.bench.comparing import BARE, Comparison, Plan, Turn, compare
from tests.bench.load import Load
from tests.bench.servers import NotReady, serving


def load(per_second: float, latency_ms: float) -> Load:
    return Load(100 / per_second, np.full(100, latency_ms), {200: 100}, {})


def test_ratios_are_medians_over_the_turns_with_their_range() -> None:
    turns = [(100.0, 50.0, 90.0), (100.0, 80.0, 150.0), (200.0, 120.0, 180.0)]
    comparison = Comparison(
        "/",
        10,
        {},
        tuple(Turn(load(bare, 1.0), load(real, 2.5), 90.0, cpu) for bare, real, cpu in turns),
    )
    assert comparison.throughput_ratio == pytest.approx((0.6, 0.5, 0.8))
    assert comparison.cpu_ratio == pytest.approx((0.6, 0.5, 1.0))
    assert comparison.p99_ratio == pytest.approx((2.5, 2.5, 2.5))


@pytest.mark.slow
def test_the_bare_route_against_itself_has_no_errors(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"rung":"popular"}')
    with serving(BARE, ready="/", environment={BODY: str(body)}) as app:
        plan = Plan(rounds=1, requests=300, connections=4)
        comparison = compare(app, ["/"], plan, rung="popular")
        with pytest.raises(ValueError, match="no answer comes from rung hyper"):
            compare(app, ["/"], plan, rung="hyper")
    assert app.ready_seconds > 0
    assert comparison.rungs == {"popular": 1}
    assert comparison.body_bytes == len('{"rung":"popular"}')
    (turn,) = comparison.turns
    assert turn.bare.statuses == turn.real.statuses == {200: 300}


@pytest.mark.slow
def test_a_path_that_is_not_answered_is_named(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text("{}")
    refused = pytest.raises(ValueError, match="/nowhere was answered 404")
    with serving(BARE, ready="/", environment={BODY: str(body)}) as app, refused:
        compare(app, ["/nowhere"], Plan(rounds=1, requests=100, connections=1))


@pytest.mark.slow
def test_a_server_that_ends_is_not_waited_for() -> None:
    refused = pytest.raises(
        NotReady, match=r"(?s)ended with code 1.*No module named tests\.bench\.nowhere"
    )
    with refused, serving(["tests.bench.nowhere"], ready="/", environment={}):
        pass
