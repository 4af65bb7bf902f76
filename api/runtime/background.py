"""Work in a thread beside the answers: again and again, until the service closes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress


async def repeated(
    work: Callable[[], object],
    *,
    closes: Callable[[], None],
    closing: asyncio.Event,
    seconds: float,
    on_failure: tuple[type[Exception], ...],
) -> None:
    """Work, wait some seconds, and work again; `on_failure` costs one turn, not the next.

    `closes` is called as soon as the service closes while work is being done, which is then waited
    for: it should end soon.
    """
    while not closing.is_set():
        done = asyncio.ensure_future(asyncio.to_thread(work))
        ended = asyncio.ensure_future(closing.wait())
        await asyncio.wait({done, ended}, return_when=asyncio.FIRST_COMPLETED)
        if closing.is_set():
            closes()
        ended.cancel()
        with suppress(*on_failure):
            await done
        with suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), seconds)
