"""The map and the flow of segments: what is drawn, and what is not told."""

from __future__ import annotations

import re
from typing import Any

from training.report import segments
from training.report.drawing import Drawing


def cell(users: int, churn: float | None, *, active: int | None = None) -> dict[str, Any]:
    return {"recency": 1, "frequency": 2, "segment": "cant_lose", "users": users,
            "churn": churn, "churn_users": users if active is None else active}  # fmt: skip


def words(drawing: Drawing) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]+)</text>", str(drawing.svg))


def drawn(*cells: dict[str, Any]) -> tuple[Drawing, ...]:
    moves = [[0, 40, 0, 5, 0], *([[0] * 5] * 4), [30, 0, 0, 0, 0]]
    return segments.drawn({"grid": list(cells), "transitions": moves, "period_days": 112})


def test_a_cell_tells_its_segment_its_users_and_their_churn() -> None:
    map_, _ = drawn(cell(1_234, 0.25))
    assert {"cant lose", "1,234", "25% churn"} <= {*words(map_)}


def test_few_users_are_not_told() -> None:
    map_, flow = drawn(cell(19, 0.25))
    assert "&lt; 20" in words(map_)
    assert "25% churn" not in words(map_)
    assert "dormant  &lt; 20" in words(flow)


def test_churn_of_few_active_users_is_not_told() -> None:
    map_, _ = drawn(cell(500, 0.25, active=19))
    assert "500" in words(map_)
    assert "25% churn" not in words(map_)


def test_the_flow_leads_from_each_stage_to_the_next() -> None:
    _, flow = drawn(cell(30, None))
    told = {*words(flow)}
    assert {"new  45", "not yet  30", "current  40", "new  30"} <= told
    assert not [text for text in told if text.startswith("churned")]
    assert "112 days" in flow.caption


def test_a_shop_without_orders_has_no_map() -> None:
    assert drawn(cell(0, None)) == ()
