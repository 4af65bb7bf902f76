"""`python -m tests.bench.drawn_users`: what learning the item side from fewer users costs.

The store of a configuration is read as training reads it; a graph and a factorisation are fitted on
what was before the last `test_days`, from shares of the users, and asked for the lists of users who
came back. NDCG of each user is compared in pairs with the model that is learnt from everybody.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from recsys.evaluation.estimate import bootstrap_mean
from recsys.storage.files.config import read_config
from tests.bench.tool import console, run
from training.event_log import open_log
from training.items import item_side
from training.items.choice import ItemChoice
from training.items.relevance import with_relevant_kind
from training.items.trials import FACTORS, Ground, ndcg_of
from training.items.windows import validation_window
from training.load import load

MODELS = {"graph": ItemChoice(), "factors": ItemChoice(factors=FACTORS[0], own=1.0)}


def main(
    config: Annotated[Path | None, typer.Option(help="TOML file.")] = None,
    shares: Annotated[str, typer.Option(help="Of the users.")] = "0.5,0.25,0.1,0.05",
) -> None:
    """Fit and compare."""
    settings = read_config(config, os.environ)
    with open_log(settings) as log:
        data = load(log, settings)
    settings = with_relevant_kind(settings, data.interactions)
    held = validation_window(data, settings)
    ground = Ground.of(held, data.catalogue.available, settings)
    table = Table("model", "share of users", "pairs an item", f"NDCG@{settings.items.at_k}", "")
    for name, choice in MODELS.items():
        histories = ground.histories(choice.half_life_days)
        everybody = ndcg_of(ground, choice, histories, share=1.0)
        items = len(set(histories.item_row.tolist()))
        for share in (1.0, *map(float, shares.split(","))):
            figure = ndcg_of(ground, choice, histories, share=share)
            lost = bootstrap_mean(figure - everybody, seed=settings.training.seed)
            few = item_side.drawn(histories, held.before.users, share, seed=settings.training.seed)
            pairs = len(few.item_row) / items
            table.add_row(name, f"{share:g}", f"{pairs:.0f}", f"{figure.mean():.4f}", f"{lost}")
    console.print(table, f"{len(ground.wanted):,} users asked")


if __name__ == "__main__":
    run(main)
