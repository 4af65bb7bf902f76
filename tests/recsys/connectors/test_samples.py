"""Each kind of file of each tool is known, read whole, and changes nothing the second time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys.config import Config, parse
from recsys.connectors.registry import tools
from recsys.storage.database.open import open_database
from recsys.storage.events.log import EventLog
from tests.recsys.connectors import samples
from tests.recsys.connectors.samples import ADDRESS, Sample
from tests.recsys.connectors.shops import SHOPS
from training.importing.events import import_events
from training.importing.report import ImportReport

NOW = 1_700_000_000_000_000
KEY = "a key of the shop, not shorter than 32"
SAMPLES = (*samples.SAMPLES, *SHOPS)
BY_ID = [sample.kind for sample in SAMPLES]


def configured(folder: Path, sample: Sample) -> Config:
    storage = {"url": f"sqlite:///{folder}/store.db", "quarantine_dir": str(folder / "quarantine")}
    asked = {"tool": "vibetrace"} if sample.kind.startswith("vibetrace") else {}
    secret = {"RECSYS_PRIVACY__EMAIL_KEY": KEY}
    return parse({"storage": storage, "data": asked}, secret)


def imported(folder: Path, sample: Sample) -> ImportReport:
    file = folder / sample.file
    file.write_bytes(sample.content)
    config = configured(folder, sample)
    database = open_database(config.storage.url)
    try:
        return import_events(file, config, EventLog(database), now=NOW)
    finally:
        database.close()


def stored(folder: Path) -> Iterator[str]:
    database = open_database(f"sqlite:///{folder}/store.db")
    for table in ("events", "users", "consents", "statements", "aliases"):
        yield from (f"{table}: {row}" for row in database.read(f"SELECT * FROM {table}"))  # noqa: S608
    database.close()


def test_there_is_a_sample_of_every_tool() -> None:
    assert {kind.partition(".")[0] for kind in BY_ID} == set(tools())


@pytest.mark.parametrize("sample", SAMPLES, ids=BY_ID)
def test_each_row_is_mapped_or_aside_with_its_reason(sample: Sample, tmp_path: Path) -> None:
    report = imported(tmp_path, sample)
    assert report.tool == sample.kind
    assert dict(report.kinds) == dict(sample.kinds)
    assert dict(report.quarantined) == dict(sample.aside)
    assert sum(report.unknown.values()) == sample.unknown
    assert (report.people, report.outcomes, report.consents) == (
        sample.people,
        sample.outcomes,
        sample.consents,
    )
    whole = report.logged + report.known + report.erased + report.people + report.duplicates
    assert report.rows == whole + sum(report.quarantined.values())


@pytest.mark.parametrize("sample", SAMPLES, ids=BY_ID)
def test_the_second_time_nothing_is_new(sample: Sample, tmp_path: Path) -> None:
    first = imported(tmp_path, sample)
    before = list(stored(tmp_path))
    again = imported(tmp_path, sample)
    assert (again.logged, again.known) == (0, first.logged)
    assert (again.traits, again.consents, again.outcomes) == (0, 0, 0)
    assert list(stored(tmp_path)) == before


@pytest.mark.parametrize("sample", SAMPLES, ids=BY_ID)
def test_no_address_is_kept_or_said(
    sample: Sample, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        imported(tmp_path, sample)
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("store.db*"))
    for address in (ADDRESS, ADDRESS.lower()):
        assert address.encode() not in kept
        assert address not in caplog.text
