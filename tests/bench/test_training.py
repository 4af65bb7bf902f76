"""The bench of training."""

from tests.bench import training
from tests.bench.training import Cost


def test_growth_is_drawn_once_for_time_and_once_for_memory() -> None:
    page = training.drawn([Cost(30, 1.0, 0.2), Cost(120, 3.5, 0.3)])
    assert page.count("<svg") == 2
    assert "seconds to fit all parts" in page
    assert "peak memory, GB" in page
