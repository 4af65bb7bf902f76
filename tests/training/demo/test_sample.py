"""The shipped sample: its configuration fits its file, and the demo's rungs are earned on it."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import training
from recsys.config import Config, parse
from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.ladder import RungName
from training import channel
from training.channel.messages import messages_from_log
from training.data import TrainingData
from training.demo.messages import simulate
from training.job import DEMO_DIR

FOLDER = Path(training.__file__).parent / "sample"
FILE = FOLDER / "online_retail.parquet"


def config() -> Config:
    return parse(tomllib.loads((FOLDER / "recsys.toml").read_text()), {})


def test_the_configuration_names_columns_of_the_file() -> None:
    named = {name for name in config().data.columns.model_dump().values() if name}
    assert named == set(pl.read_parquet_schema(FILE))


def test_unavailable_items_are_items_of_the_file() -> None:
    items = set(pl.read_parquet(FILE, columns=["StockCode"])["StockCode"])
    assert set(config().data.unavailable_items) <= items


def test_the_clock_of_the_demo_starts_where_the_data_end() -> None:
    last = pl.read_parquet(FILE, columns=["InvoiceDate"])["InvoiceDate"].max()
    assert isinstance(last, datetime)
    assert datetime.fromisoformat(config().serving.clock_start) == last.replace(tzinfo=UTC)


def test_all_that_the_demo_makes_lies_in_its_own_folder() -> None:
    storage = config().storage
    folders = (storage.models_dir, storage.quarantine_dir, storage.reports_dir)
    for place in (storage.url.removeprefix("sqlite:///"), *folders):
        assert Path(place).is_relative_to(DEMO_DIR)


def test_the_licence_of_the_sample_is_told() -> None:
    text = (FOLDER / "LICENSE-online_retail.md").read_text()
    assert "CC0" in text
    assert "Daqing Chen" in text
    assert "simulated" in text
    assert FILE.stat().st_size <= 4_000_000


@pytest.mark.slow
def test_people_and_moments_differ_and_the_ladder_finds_out() -> None:
    cleaned = pl.read_parquet(FILE).filter(
        pl.col("CustomerID").is_not_null(),
        ~pl.col("InvoiceNo").str.starts_with("C"),
        pl.col("Quantity") > 0,
        pl.col("UnitPrice") > 0,
    )
    user = cleaned["CustomerID"].cast(pl.Int64).cast(pl.String).to_list()
    users, n = IdMap.of(user), len(user)
    interactions = Interactions.of(
        users,
        IdMap.of(["any"]),
        ("view", "cart", "purchase", "return"),
        user_row=users.rows(user),
        events=UserEvents(
            item_row=np.zeros(n, np.int32),
            kind=np.full(n, 2, np.int8),
            at=cleaned["InvoiceDate"].dt.epoch("us").to_numpy(),
            quantity=np.ones(n, np.float32),
            value=(cleaned["Quantity"] * cleaned["UnitPrice"]).to_numpy(),
        ),
    )
    country = dict(zip(user, cleaned["Country"], strict=True))
    trait = tuple(country[name] for name in users)
    on = config()
    simulated = simulate(interactions, trait, timezone=on.data.timezone, seed=on.training.seed)
    messages = messages_from_log(simulated.events, users, on)
    assert 60_000 <= len(messages) <= 80_000
    empty = ("",)
    data = TrainingData(
        interactions=interactions,
        catalogue=Catalogue(empty, empty, empty, empty, np.ones(1, np.float32), np.ones(1, bool)),
        trait=trait,
        messages=messages,
        watermark=0,
        fingerprint="",
    )
    _, measurement = channel.measure(data, on, progress=lambda _: None)
    assert measurement.verdicts[RungName.ONE_TO_ONE].shipped
    assert measurement.verdicts[RungName.HYPER].shipped
