"""Whether Spark can run here."""

from __future__ import annotations

import os
import shutil

import pytest


def needed() -> None:
    """Skip the test where Spark cannot run, and say why."""
    pytest.importorskip("pyspark", reason="PySpark is not installed: recsys[spark]")
    if "JAVA_HOME" not in os.environ and shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 or later, and there is none on this machine")
