"""A whole training run on a small shop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from recsys.bundle import Bundle
from recsys.config import Config, Items
from recsys.config import Training as TrainingSection
from recsys.data.times import DAY
from recsys.errors import NothingToLearnFrom
from recsys.ladder import Question, RungName
from recsys.storage.database.open import open_database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.models.store import ModelStore
from tests.present import present
from tests.worlds import END, World
from training.cli.train import rendered
from training.items import item_side
from training.pipeline import TrainingRun, run
from training.report import page


@dataclass
class Heard:
    """Steps, as they were told."""

    steps: list[str] = field(default_factory=list)

    def begin(self, step: str) -> None:
        self.steps.append(step)

    def detail(self, text: str) -> None:
        assert text


@contextmanager
def opened(config: Config) -> Iterator[EventLog]:
    database = open_database(config.storage.url)
    try:
        yield EventLog(database)
    finally:
        database.close()


def quick(config: Config, **items: object) -> Config:
    return config.model_copy(
        update={
            "items": Items(at_k=5, test_days=40, **items),
            "training": TrainingSection(resamples=200),
        }
    )


def trained(config: Config, log: EventLog, *, now: int = END) -> TrainingRun:
    return run(config, log, ModelStore.of(config.storage), now=now, steps=Heard())


@pytest.fixture
def shop(world: World) -> Iterator[tuple[Config, EventLog]]:
    """The small shop's log, and a model store that is still empty."""
    storage = world.config.storage.model_copy(update={"models_dir": str(world.folder / "fresh")})
    config = quick(world.config.model_copy(update={"storage": storage}))
    with opened(config) as log:
        yield config, log


def test_a_run_registers_and_promotes_the_first_version(shop: tuple[Config, EventLog]) -> None:
    config, log = shop
    heard = Heard()
    store = ModelStore.of(config.storage)
    outcome = run(config, log, store, now=END, steps=heard)
    pointer = store.champion()
    assert outcome.gate.promote
    assert pointer is not None
    assert pointer.version == outcome.version
    assert heard.steps[0] == "load"
    assert heard.steps[-1] == "gate against the champion"
    bundle, manifest = store.load(outcome.version, Bundle)
    assert len(bundle.judged) == len(Question)
    assert manifest.watermark == log.last_seq()
    assert set(manifest.verdicts) == set(Question)
    assert "storage" not in manifest.config


def test_the_same_data_configuration_and_seed_give_the_same_version(
    shop: tuple[Config, EventLog],
) -> None:
    config, log = shop
    first, second = trained(config, log), trained(config, log, now=END + 1)
    assert first.version == second.version
    assert "same data and settings" in second.gate.why[0]


def test_processes_make_the_same_version_as_memory(shop: tuple[Config, EventLog]) -> None:
    config, log = shop
    several = TrainingSection(resamples=200, engine="processes", processes=2)
    alone = trained(config, log)
    together = trained(config.model_copy(update={"training": several}), log, now=END + 1)
    assert together.version == alone.version
    assert not {"engine", "processes", "spark"} & together.manifest.config["training"].keys()


@pytest.mark.spark
def test_spark_makes_the_same_version_as_memory(
    shop: tuple[Config, EventLog], spark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, log = shop
    monkeypatch.setattr("training.items.ready.BLOCK", 10)
    on_spark = TrainingSection(resamples=200, engine="spark", spark=spark)
    together = trained(config.model_copy(update={"training": on_spark}), log)
    assert trained(config, log, now=END + 1).version == together.version


def test_of_many_pairs_the_item_side_is_learnt_from_users_drawn(
    shop: tuple[Config, EventLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, log = shop
    assert trained(config, log).manifest.choices[Question.ITEMS]["drawn"] is None
    monkeypatch.setattr(item_side, "FEWEST_AN_ITEM", 1)
    few = TrainingSection(resamples=200, most_pairs=300)
    outcome = trained(config.model_copy(update={"training": few}), log, now=END + 1)
    of = outcome.manifest.choices[Question.ITEMS]["drawn"]
    assert 0 < of["users"] < of["of_users"]
    assert of["pairs"] == pytest.approx(300, rel=0.5)
    assert of["half"]["low"] <= of["half"]["value"] <= of["half"]["high"]
    page.write(outcome, tmp_path / "report.html")
    told = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"learnt from {of['users']:,} of {of['of_users']:,} users, drawn" in told


def test_every_step_tells_what_it_took(shop: tuple[Config, EventLog]) -> None:
    outcome = trained(*shop)
    assert [cost.step.split(":")[0] for cost in outcome.costs] == [
        "load",
        "items",
        "churn",
        "channel",
        "refit on everything",
        "register",
        "gate against the champion",
    ]
    peaks = [cost.peak_bytes for cost in outcome.costs]
    assert peaks == sorted(peaks)
    console = Console(record=True, width=200)
    console.print(rendered(outcome))
    assert f"{peaks[-1] / 1e6:,.0f} MB at most so far" in console.export_text()


def test_one_more_event_or_another_seed_makes_another_version(
    shop: tuple[Config, EventLog],
) -> None:
    config, log = shop
    before = trained(config, log)
    seeded = config.model_copy(update={"training": TrainingSection(resamples=200, seed=8)})
    assert trained(seeded, log).version != before.version
    log.append([Event("more", "u01", "purchase", END - 1, item_id="i01", value=3.0)], now=END)
    assert trained(config, log).version != before.version


def test_a_pause_before_the_test_window_is_warned_of(shop: tuple[Config, EventLog]) -> None:
    config, log = shop
    late = END + 365 * DAY
    log.append([Event("late", "u01", "purchase", late, item_id="i01", value=3.0)], now=late)
    outcome = trained(config, log, now=late)
    (warning,) = outcome.warnings
    assert "nothing happened between 2025-12-31 and 2027-01-01" in warning
    console = Console(record=True, width=200)
    console.print(rendered(outcome))
    assert warning in console.export_text()


def test_a_worse_challenger_is_registered_but_not_promoted_and_says_why(
    shop: tuple[Config, EventLog],
) -> None:
    config, log = shop
    champion = trained(config, log)
    assert champion.manifest.verdicts[Question.ITEMS][RungName.ONE_TO_ONE].shipped
    challenger = trained(quick(config, min_history=10_000), log)
    store = ModelStore.of(config.storage)
    pointer = store.champion()
    assert not challenger.gate.promote
    assert "items: NDCG@5 is clearly below the champion's" in " ".join(challenger.gate.why)
    assert challenger.version in {entry.version for entry in store.list()}
    assert pointer is not None
    assert pointer.version == champion.version


def test_an_empty_log_is_told_before_anything_is_registered(tmp_path: Path) -> None:
    storage = {"url": f"sqlite:///{tmp_path}/new.db", "models_dir": str(tmp_path / "models")}
    config = Config.model_validate({"storage": storage})
    with opened(config) as log, pytest.raises(NothingToLearnFrom):
        trained(config, log)
    assert not (tmp_path / "models").exists()


@pytest.mark.slow
@pytest.mark.parametrize("after", ["load", "churn", "refit", "register"])
def test_a_killed_run_leaves_the_champion_serving_and_the_next_run_works(
    shop: tuple[Config, EventLog], after: str
) -> None:
    config, log = shop
    champion = trained(config, log)
    log.append([Event("more", "u01", "purchase", END - 1, item_id="i01", value=3.0)], now=END)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, config.model_dump_json(), after], check=False, env=os.environ
    )
    assert killed.returncode == -signal.SIGKILL
    store = ModelStore.of(config.storage)
    pointer = present(store.champion())
    assert pointer.version == champion.version
    store.load(pointer.version, Bundle)
    assert trained(config, log).gate.promote


KILLED = """
import os, signal, sys
from tests.training.test_pipeline import Heard, opened
from recsys.config import Config
from recsys.storage.models.store import ModelStore
from training.pipeline import run
from pathlib import Path

class Kills(Heard):
    def begin(self, step):
        if self.steps and self.steps[-1].startswith(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        super().begin(step)

config = Config.model_validate_json(sys.argv[1])
with opened(config) as log:
    run(config, log, ModelStore.of(config.storage), now=1, steps=Kills())
"""
