"""`python -m tests.bench.mail_pulls`: mail tools pull lists, each in its way, all at once.

Two thousand requests are in flight: of Braze (JSON of one user, several calls for a recipient),
Iterable (JSON), Mailchimp (RSS of one user) and Klaviyo (one feed that all share). Recipients are
asked for more than once; the answers to one `send_id` have to be the same bytes, and smaller than
what the tool takes.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from tests.bench.load import HOST, content_length, get
from tests.bench.shops import shop
from tests.bench.tool import console, run
from tests.worlds import USERS

AIM_MS = 500.0


@dataclass(frozen=True, slots=True)
class Tool:
    """A mail tool: what it asks for, and the largest answer that it takes."""

    name: str
    path: str
    most_bytes: int
    calls: int


TOOLS = (
    Tool("Braze", "/v1/email/{user}.json?send_id=braze&limit=4", 1_000_000, 3),
    Tool("Iterable", "/v1/email/{user}.json?send_id=iterable&limit=4&_=1", 4_000_000, 2),
    Tool("Mailchimp", "/v1/email/{user}.rss?send_id=chimp&limit=4", 1_000_000, 2),
    Tool("Klaviyo", "/v1/feeds/default.json?limit=10", 3_300_000, 1),
)


@dataclass(slots=True)
class Pulled:
    """What came of the pulls of one tool."""

    ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))


def main(
    at_once: Annotated[int, typer.Option(min=4, help="Requests in flight.")] = 2_000,
    kind: Annotated[str, typer.Option(help="sqlite or postgresql")] = "sqlite",
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
) -> None:
    """Pull, and print statuses, latencies, sizes and how many mailings had one list."""
    with shop(kind) as built, built.served("--workers", str(workers)) as app:
        for path in ("/v1/email/warm.json?send_id=warm", "/v1/feeds/default.json"):
            app.get(path)
        began, used = time.perf_counter(), app.cpu_seconds()
        found = asyncio.run(_pulled(app.port, at_once))
        seconds, cpu = time.perf_counter() - began, app.cpu_seconds() - used
    table = Table("tool", "pulls", "not 200", "p50 ms", "p99 ms", "most bytes", "not the same")
    wrong = 0
    for tool in TOOLS:
        one = found[tool.name]
        failed = sum(n for status, n in one.statuses.items() if status != 200)
        differ = sum(len(bodies) > 1 for bodies in one.bodies.values())
        most = max(len(body) for bodies in one.bodies.values() for body in bodies)
        p50, p99 = np.percentile(one.ms, [50, 99])
        late = p99 > AIM_MS
        wrong += failed + differ + (most > tool.most_bytes) + late
        figures = (len(one.ms), failed, f"{p50:.0f}", f"{p99:.0f}", f"{most:,}", differ)
        table.add_row(tool.name, *map(str, figures))
    console.print(table)
    console.print(f"{at_once:,} at once in {seconds:.1f} s, of the processor {cpu:.1f} s")
    console.print(f"aims: all 200, p99 {AIM_MS:.0f} ms, one list a mailing")
    raise typer.Exit(bool(wrong))


async def _pulled(port: int, at_once: int) -> dict[str, Pulled]:
    found = {tool.name: Pulled() for tool in TOOLS}
    pulls = [
        _pull(port, tool.path.format(user=f"{USERS[number % 60]}-{number}"), found[tool.name])
        for tool in TOOLS
        for number in range(at_once // len(TOOLS) // tool.calls + 1)
        for _ in range(tool.calls)
    ]
    await asyncio.gather(*pulls)
    return found


async def _pull(port: int, path: str, pulled: Pulled) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    began = time.perf_counter()
    writer.write(get(path))
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(content_length(head) or 0)
    pulled.ms.append((time.perf_counter() - began) * 1e3)
    pulled.statuses[int(head[9:12])] += 1
    pulled.bodies[path].add(body)
    writer.close()


if __name__ == "__main__":
    run(main)
