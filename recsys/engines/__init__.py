"""Where work is done: in this process, in several, or on Spark; what comes of it is the same."""

from __future__ import annotations

from recsys.engines.engine import Engine, Memory
from recsys.engines.open import opened

__all__ = ["Engine", "Memory", "opened"]
