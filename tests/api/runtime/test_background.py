"""Work beside the answers."""

from __future__ import annotations

import asyncio
import threading

from api.runtime.background import repeated


def test_a_turn_that_fails_costs_no_other_and_closing_ends_the_one_at_hand() -> None:
    turns, told = list[int](), threading.Event()

    async def run() -> None:
        closing, loop = asyncio.Event(), asyncio.get_running_loop()

        def work() -> None:
            turns.append(len(turns))
            if len(turns) == 1:
                raise OSError
            loop.call_soon_threadsafe(closing.set)
            assert told.wait(10)

        await repeated(work, closes=told.set, closing=closing, seconds=0.001, on_failure=(OSError,))

    asyncio.run(run())
    assert turns == [0, 1]
