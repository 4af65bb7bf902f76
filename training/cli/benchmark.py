"""The command that compares with published figures: benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.benchmark.protocol_names import ProtocolName

app = typer.Typer()


@app.command()
def benchmark(  # one option each
    protocol: Annotated[ProtocolName, typer.Option(help="How to split, rank and measure.")],
    train: Annotated[Path, typer.Option(help="File to learn from; gzip or not.")],
    test: Annotated[
        Path | None, typer.Option(help="File to measure on; without: a part of the train file.")
    ] = None,
    k: Annotated[int, typer.Option(min=1, help="Length of the lists.")] = 20,
    predict: Annotated[
        Path | None, typer.Option(help="Write the lists as CSV: user,rank,item.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same lists.")] = 0,
) -> None:
    """Measure on your files as papers do.

    Prints the figures that papers print for the same data beside its own. Ranks with what `recsys
    train` chooses from, fits and serves; it is chosen on parts of the train file only, and under
    each reading of them no simpler ranker is better. All items are ranked.

    topn: `user item item …` a line; items of the train file are removed from the lists.

    leave-one-out: `user item` a line in time order, or a sequence a line: the last item is the
    test, the one before it validation; earlier items are removed. Ratings with times are refused.

    Example: recsys benchmark --protocol topn --train train.txt --test test.txt
    """
    from training.benchmark.protocols import benchmark as carry_out
    from training.benchmark.request import Request

    carry_out(protocol, Request(train, test, k, predict, seed))
