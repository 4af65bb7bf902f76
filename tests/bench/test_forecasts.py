"""The scorer of forecasts scores right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from recsys.evaluation.gini import normalised_gini
from tests.bench.forecasts import app

EVENTS = (
    "user_id,timestamp,value\n1,2020-01-01,5\n2,2020-01-05,5\n3,2020-01-08,5\n4,2019-06-01,5\n"
    "1,2020-01-12,7\n1,2020-01-12,8\n3,2020-01-18,10\n2,2020-03-01,9\n"
)
ASKED = ["--cutoff", "2020-01-10", "--horizon-days", "14"]


def test_perfect_ranking_scores_one_and_the_reverse_minus_one() -> None:
    seen = np.array([0.0, 1.0, 5.0, 20.0])
    assert normalised_gini(seen, seen * 3) == pytest.approx(1)
    assert normalised_gini(seen, -seen) == pytest.approx(-1)


def test_churn_is_scored_on_those_who_were_active(tmp_path: Path) -> None:
    events, said = tmp_path / "e.csv", tmp_path / "p.csv"
    events.write_text(EVENTS)
    said.write_text("user_id,probability\n1,0.1\n2,0.9\n3,0.2\n")
    files = ["--predictions", str(said), "--events", str(events)]
    result = CliRunner().invoke(app, ["churn", *files, *ASKED, "--active-days", "30"])
    assert result.exit_code == 0, result.output
    assert "3 active users, 0 not predicted, 0 too many" in result.output
    assert "churned 0.333; said on average 0.400" in result.output
    assert "auc                  1.0000" in result.output


def test_value_is_scored_on_all_with_their_bias(tmp_path: Path) -> None:
    events, said = tmp_path / "e.csv", tmp_path / "v.csv"
    events.write_text(EVENTS)
    said.write_text("user_id,expected_orders,expected_value\n1,1,20\n2,0,0\n3,2,10\n4,0,0\n")
    files = ["--predictions", str(said), "--events", str(events)]
    result = CliRunner().invoke(app, ["value", *files, *ASKED])
    assert result.exit_code == 0, result.output
    assert "value    normalised Gini 1.0000, bias +20.0%" in result.output
    assert "orders   normalised Gini 1.0000, bias +50.0%" in result.output
