"""What stays is not searched for garbage: a worker's requests do not wait for that search.

Python looks through all its objects for unreachable cycles now and then, and no thread runs
meanwhile: 50 ms and more over modules and models that live as long as they serve. Frozen, they are
left out, and what is left is soon searched. Frozen garbage is never freed, so that whoever lets go
of much, such as a version that no longer serves, settles again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def freeze() -> None:
    """Take all that is there now for lasting."""
    gc.freeze()


def settle() -> None:
    """Free what was let go of, whenever it was made, and take the rest for lasting."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def thaw() -> None:
    """Take nothing for lasting any more."""
    gc.unfreeze()


@contextmanager
def lasting() -> Iterator[None]:
    """Take all that is there now for lasting, until the end of the block."""
    freeze()
    try:
        yield
    finally:
        thaw()
