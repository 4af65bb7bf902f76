"""One thread for what is summed: the same order on any machine, and so the same bits."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, Literal


def one_thread(api: Literal["blas"] | None = None) -> AbstractContextManager[object]:
    """Limit numerical libraries to one thread within a ``with`` block: those of an API, or all.

    They are looked for anew only where modules were imported since: that takes longer than many a
    small fit, and hardly anything is loaded without.
    """
    limited: AbstractContextManager[object] = _loaded(len(sys.modules)).limit(
        limits=1, user_api=api
    )
    return limited


@lru_cache(maxsize=1)
def _loaded(n_modules: int) -> Any:  # noqa: ARG001 - what is kept is kept for so many
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
