"""Files of items, users and consents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.users.consents import Consents, holding
from recsys.storage.users.profiles import ItemFacts, Profiles
from tests.training.importing.files import NOW, configured, written
from training.errors import MissingColumn
from training.importing.items import import_items
from training.importing.profiles import import_consents, import_users
from training.importing.report import rendered


@pytest.fixture
def profiles(tmp_path: Path) -> Iterator[Profiles]:
    database = SqliteDatabase(tmp_path / "store.db")
    yield Profiles(database)
    database.close()


def test_items_are_imported(profiles: Profiles, tmp_path: Path) -> None:
    text = (
        "item_id,title,category,price,url,image_url,in_stock\n"
        "tea,Tea,drinks|hot,2.5,/tea,/tea.png,no\n"
        "pot,,,,,,\n"
        ",Nothing,,,,,\n"
        "cup,Cup,,-1,,,\n"
        "pan,Pan,,1,,,perhaps\n"
    )
    report = import_items(written(tmp_path, text), configured(tmp_path), profiles, now=NOW)
    assert profiles.items() == {
        "pot": ItemFacts("pot", available=True),
        "tea": ItemFacts("tea", "Tea", "drinks", "/tea", "/tea.png", 2.5, NOW, available=False),
    }
    assert report.quarantined == {"bad_available": 1, "bad_price": 1, "no_item": 1}
    assert (report.rows, report.written) == (5, 2)


def test_hidden_items_of_gorse_are_not_available(profiles: Profiles, tmp_path: Path) -> None:
    text = (
        '{"ItemId":"tea","IsHidden":true,"Categories":["drinks","hot"]}\n'
        '{"ItemId":"pot","IsHidden":false}'
    )
    file = written(tmp_path, text, "items.jsonl")
    import_items(file, configured(tmp_path), profiles, now=NOW)
    items = profiles.items()
    assert (items["tea"].available, items["pot"].available) == (False, True)
    assert items["tea"].category == "drinks"


def test_other_columns_of_items_are_attributes_by_their_own_names(
    profiles: Profiles, tmp_path: Path
) -> None:
    long = "x" * 201
    text = f"item_id,Brand,colours,story\ntea,Tea & Co,red|blue,{long}\npot,,,\n"
    report = import_items(written(tmp_path, text), configured(tmp_path), profiles, now=NOW)
    items = profiles.items()
    assert items["tea"].attributes == {"Brand": "Tea & Co", "colours": "red|blue"}
    assert items["pot"].attributes == {}
    assert (report.attributes, report.ignored) == (("Brand", "colours"), ("story",))
    import_items(
        written(tmp_path, "item_id,Brand\ntea,Teas\n"), configured(tmp_path), profiles, now=NOW
    )
    assert profiles.items()["tea"].attributes == {"Brand": "Teas", "colours": "red|blue"}


def test_users_are_imported(profiles: Profiles, tmp_path: Path) -> None:
    text = (
        "user_id,country,timezone,salary\n"
        "ann,Norway,Europe/Oslo,9\n"
        "ben,,,9\n"
        ",Norway,,9\n"
        "cid,Mars,Mars/Olympus,9\n"
    )
    report = import_users(written(tmp_path, text), configured(tmp_path), profiles)
    assert profiles.users() == {"ann": ({"country": "Norway"}, "Europe/Oslo"), "ben": ({}, "")}
    assert report.quarantined == {"bad_timezone": 1, "no_user": 1}
    assert report.ignored == ("salary",)


def test_consents_are_imported_once(profiles: Profiles, tmp_path: Path) -> None:
    text = (
        "user_id,purpose,channel,state,at,basis\n"
        "ann,marketing,email,granted,2020-01-01,form\n"
        "ann,Profiling,,no,2020-01-01,\n"
        "ann,marketing,email,denied,2020-02-01,\n"
        "ann,marketing,pigeon,granted,2020-01-01,\n"
        "ann,marketing,,granted,2020-01-01,\n"
        "ann,fun,,granted,2020-01-01,\n"
        "ann,marketing,sms,perhaps,2020-01-01,\n"
        "ann,marketing,sms,granted,some day,\n"
        ",marketing,sms,granted,2020-01-01,\n"
    )
    file, config = written(tmp_path, text), configured(tmp_path)
    report = import_consents(file, config, profiles)
    assert holding(Consents(profiles.database).ledger_of("ann")) == {
        ("marketing", "email"): False,
        ("profiling", ""): False,
    }
    assert report.written == 3
    assert report.quarantined == {
        "bad_channel": 1,
        "bad_purpose": 1,
        "bad_state": 1,
        "bad_time": 1,
        "no_channel": 1,
        "no_user": 1,
    }
    again = import_consents(file, config, profiles)
    assert (again.written, again.known) == (0, 3)
    assert again.rows == again.written + again.known + sum(again.quarantined.values())


def test_consents_may_be_told_by_a_column_granted(profiles: Profiles, tmp_path: Path) -> None:
    said = {"true": True, "False": False, "yes": True, "no": False, "1": True, "0": False}
    lines = (f"u{word},marketing,email,{word},2020-01-01\n" for word in said)
    text = "user_id,purpose,channel,granted,at\n" + "".join(lines)
    report = import_consents(written(tmp_path, text), configured(tmp_path), profiles)
    assert report.written == 6
    for word, granted in said.items():
        assert holding(Consents(profiles.database).ledger_of(f"u{word}")) == {
            ("marketing", "email"): granted
        }


def test_a_ledger_without_channels_says_that_none_is_given(
    profiles: Profiles, tmp_path: Path
) -> None:
    text = "user_id,purpose,granted,at\nann,marketing,yes,2020-01-01\n"
    report = import_consents(written(tmp_path, text), configured(tmp_path), profiles)
    assert report.quarantined == {"no_channel": 1}
    console = Console(record=True, width=160)
    console.print(rendered(report))
    assert "no channel given; marketing is granted or denied" in console.export_text()


def test_configured_names_count_where_they_occur(profiles: Profiles, tmp_path: Path) -> None:
    config = configured(tmp_path, columns={"item": "StockCode", "user": "CustomerID"})
    report = import_items(
        written(tmp_path, "StockCode,title\ntea,Tea\n"), config, profiles, now=NOW
    )
    assert report.written == 1


def test_a_missing_column_says_what_would_be_understood(profiles: Profiles, tmp_path: Path) -> None:
    file, config = written(tmp_path, "who,what\n1,2\n"), configured(tmp_path)
    with pytest.raises(MissingColumn, match="item_id"):
        import_items(file, config, profiles, now=NOW)
    with pytest.raises(MissingColumn, match="user_id"):
        import_users(file, config, profiles)
    with pytest.raises(MissingColumn, match="user_id"):
        import_consents(file, config, profiles)


def test_the_report_reads_well(profiles: Profiles, tmp_path: Path) -> None:
    file = written(tmp_path, "user_id,purpose,state,at\nann,fun,yes,2020-01-01\n", "consents.csv")
    console = Console(record=True, width=120)
    console.print(rendered(import_consents(file, configured(tmp_path), profiles)))
    shown = console.export_text()
    assert "consents written" in shown
    assert "the purpose is neither profiling nor marketing" in shown
