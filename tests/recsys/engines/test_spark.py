"""What Spark needs, and what is said where that is missing."""

from __future__ import annotations

import shutil
import sys

import pytest

from recsys.config import Training, parse
from recsys.engines import opened
from recsys.engines.spark import Spark
from recsys.errors import BadValue, MissingExtra


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with (
        pytest.raises(MissingExtra, match=r"pip install 'recsys\[spark\]'"),
        opened(Training(engine="spark"), n_events=1),
    ):
        pass


def test_without_java_what_else_there_is_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pyspark = pytest.importorskip("pyspark.sql")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(pyspark.SparkSession, "getActiveSession", lambda: None)
    with pytest.raises(BadValue, match="Java 17 or later"):
        Spark("local[2]")


@pytest.mark.parametrize("where", ["local[2]", "local[*]", "spark://host:7077", "sc://host:15002"])
def test_a_master_and_connect_are_places_of_spark(where: str) -> None:
    assert parse({"training": {"spark": where}}, {}).training.spark == where


@pytest.mark.parametrize("where", ["", "local", "local[x]", "http://host"])
def test_another_place_is_refused_with_the_configuration(where: str) -> None:
    with pytest.raises(BadValue, match=r"training\.spark"):
        parse({"training": {"spark": where}}, {})


@pytest.mark.spark
def test_a_session_of_another_is_used_and_left_as_it_was(spark: str) -> None:
    for _ in range(2):
        with opened(Training(engine="spark", spark=spark), n_events=1) as engine:
            assert list(engine.each(larger, 3, [1, 5])) == [3, 5]


def larger(one: int, other: int) -> int:
    """Return the larger of two."""
    return max(one, other)
