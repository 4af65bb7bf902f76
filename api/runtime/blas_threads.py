"""One BLAS thread a worker: with two, workers fight and serve many times fewer requests.

NumPy's library reads these variables when it is loaded, so this module is imported before
anything that imports NumPy. The limit set by :func:`limit` holds in any case.
"""

from __future__ import annotations

import os
from pathlib import Path

from threadpoolctl import threadpool_info, threadpool_limits

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


def limit() -> None:
    """Limit every thread pool of this process to one thread, for good."""
    threadpool_limits(1)


def pools() -> dict[str, int]:
    """Return the number of threads of every pool in this process, by the name of its library."""
    return {Path(pool["filepath"]).name: pool["num_threads"] for pool in threadpool_info()}
