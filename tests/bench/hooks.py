"""How soon a webhook is acknowledged: `python -m tests.bench.hooks`.

One worker, every call on the disk before it is answered, from many clients at once; what came is
read meanwhile. Then how long reading the rest took. Beside it a route that does nothing, as often:
what this machine takes for any answer.
"""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.table import Table

from recsys.storage.database.open import open_database
from tests.bench.load import post, put_load
from tests.bench.shops import shop
from tests.bench.tool import console, run
from tests.stores import KINDS

SECRET = "a-secret-of-the-bench"  # noqa: S105
BARE = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ENVIRONMENT = {
    "RECSYS_PRIVACY__EMAIL_KEY": "a key of the bench, not shorter than 32",
    "RECSYS_SERVING__HOOK_SECRETS": f"iterable:{SECRET}",
}


def main(
    kind: Annotated[list[str] | None, typer.Option(help="sqlite, postgresql; default both")] = None,
    calls: Annotated[int, typer.Option(min=100, help="In all.")] = 4_000,
    clients: Annotated[int, typer.Option(min=1, help="At once.")] = 64,
    per_second: Annotated[
        float, typer.Option(help="At even distances; 0: as fast as answered.")
    ] = 0,
) -> None:
    """Measure and print."""
    table = Table(
        "store", "calls/s", "p50 ms", "p99 ms", "bare p99 ms", "errors", "read after s", box=None
    )
    for one in kind or KINDS:
        with shop(one) as built, built.served(**ENVIRONMENT) as app:
            requests = [_call(number) for number in range(500)]
            bare = put_load(app.port, [BARE], total=calls, connections=clients,
                            per_second=per_second or None)  # fmt: skip
            load = put_load(
                app.port, requests, total=calls, connections=clients, per_second=per_second or None
            )
            seconds = _until_read(built.world.config.storage.url)
        figures = (
            f"{load.percentile(50):.1f}", f"{load.percentile(99):.1f}",
            f"{bare.percentile(99):.1f}", str(load.errors),
        )  # fmt: skip
        table.add_row(one, f"{load.per_second:,.0f}", *figures, f"{seconds:.1f}")
    console.print(table)
    console.print("aim: p99 25 ms under 64 clients")


def _until_read(url: str) -> float:
    started, database = time.perf_counter(), open_database(url)
    while database.read("SELECT 1 FROM hooks WHERE done_at IS NULL LIMIT 1"):
        time.sleep(0.2)
    database.close()
    return time.perf_counter() - started


def _call(number: int) -> bytes:
    said = {"createdAt": "2025-12-30 00:00:00 +00:00", "campaignId": 1, "messageId": f"m{number}"}
    body = {"email": f"user{number}@shop.example", "eventName": "emailOpen", "dataFields": said}
    return post(f"/v1/hooks/iterable?secret={SECRET}", body)


if __name__ == "__main__":
    run(main)
