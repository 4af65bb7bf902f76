"""The item question on the shipped real data."""

from __future__ import annotations

from importlib.resources import as_file, files

import numpy as np
import polars as pl
import pytest

from recsys.config import Config
from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.ladder import RungName
from tests.present import present
from tests.training.messages import no_messages
from training import items
from training.data import TrainingData

SERVICES = ("POST", "D", "M", "DOT", "C2", "BANK CHARGES", "CRUK", "PADS")


def online_retail() -> TrainingData:
    with as_file(files("training.sample") / "online_retail.parquet") as path:
        rows = pl.read_parquet(path).unique(maintain_order=True)
    returned = pl.col("InvoiceNo").str.starts_with("C")
    rows = rows.filter(
        pl.col("CustomerID").is_not_null(),
        pl.col("UnitPrice") > 0,
        returned | (pl.col("Quantity") > 0),
    ).with_columns(kind=pl.when(returned).then(3).otherwise(2))
    user_ids = rows["CustomerID"].cast(pl.Int64).cast(pl.String).to_list()
    item_ids = rows["StockCode"].to_list()
    users, catalogued = IdMap.of(user_ids), IdMap.of(item_ids)
    quantity = rows["Quantity"].abs().to_numpy()
    country = dict(zip(user_ids, rows["Country"].to_list(), strict=True))
    unknown = ("",) * len(catalogued)
    return TrainingData(
        interactions=Interactions.of(
            users,
            catalogued,
            ("view", "cart", "purchase", "return"),
            user_row=users.rows(user_ids),
            events=UserEvents(
                item_row=catalogued.rows(item_ids),
                kind=rows["kind"].to_numpy().astype(np.int8),
                at=rows["InvoiceDate"].dt.epoch("us").to_numpy(),
                quantity=quantity.astype(np.float32),
                value=quantity * rows["UnitPrice"].to_numpy(),
            ),
        ),
        catalogue=Catalogue(
            unknown,
            unknown,
            unknown,
            unknown,
            np.full(len(catalogued), np.nan, np.float32),
            np.array([item not in SERVICES for item in catalogued]),
        ),
        trait=tuple(country[user] for user in users),
        messages=no_messages(),
        watermark=0,
        fingerprint="",
    )


@pytest.mark.slow
def test_personal_rungs_earn_their_place_and_beat_counting() -> None:
    _, measurement = items.measure(online_retail(), Config(), progress=lambda text: None)
    verdicts, metrics = measurement.verdicts, measurement.metrics
    assert verdicts[RungName.ONE_TO_ONE].shipped
    assert present(verdicts[RungName.SEGMENT].lift).low > 0.03
    assert verdicts[RungName.ONE_TO_ONE].below is RungName.SEGMENT
    assert present(verdicts[RungName.ONE_TO_ONE].lift).low > 0.1
    assert verdicts[RungName.HYPER].shipped
    assert metrics["one_to_one_over_bought_before"].low > 0.02
    assert measurement.figure.mean() > 0.30
    for reading in ("all_items", "new_items_asked_for"):
        compared = metrics["served_over_simple"][reading]
        assert compared["gain"].low > 0
        assert compared["relative_gain"] > 0.05
