"""Where a training run works: in this process, or in several; what comes of it is the same."""

from __future__ import annotations

from training.engines.engine import Engine, Memory
from training.engines.open import opened

__all__ = ["Engine", "Memory", "opened"]
