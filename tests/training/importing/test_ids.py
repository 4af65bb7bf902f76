"""Who somebody is: one rule for ids, in files and in requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.requests.events import EventParser
from recsys.config import parse
from recsys.data.ids import NOBODY, identifier
from recsys.errors import BadEvent
from tests.training.importing.files import NOW, configured, written
from training.importing.read import read_file
from training.importing.validate import Validated, validate


def imported(folder: Path, *users: str, **data: Any) -> Validated:
    text = "user_id,item_id,timestamp\n"
    text += "".join(f'"{user}",tea,2020-01-01 10:00:{n:02}\n' for n, user in enumerate(users))
    return validate(read_file(written(folder, text)), configured(folder, **data), now=NOW)


def users(valid: Validated) -> list[str]:
    return valid.events["user_id"].to_list()


def test_whole_numbers_that_became_floats_are_one_user(tmp_path: Path) -> None:
    assert users(imported(tmp_path, "17850.0", "nan", "13085", "13085.00")) == [
        "17850", "13085", "13085",
    ]  # fmt: skip


def test_floats_of_parquet_beside_nan_are_whole_numbers(tmp_path: Path) -> None:
    frame = {"user_id": [17850.0, float("nan")], "item_id": ["a", "b"], "at": ["2020-01-01"] * 2}
    pl.DataFrame(frame).write_parquet(tmp_path / "e.parquet")
    valid = validate(read_file(tmp_path / "e.parquet"), configured(tmp_path), now=NOW)
    assert users(valid) == ["17850"]


@pytest.mark.parametrize("word", sorted(NOBODY))
def test_a_word_for_nobody_is_nobody(word: str, tmp_path: Path) -> None:
    for spelled in (word, word.upper(), f" {word} "):
        assert users(imported(tmp_path, spelled, "ann")) == ["ann"]
        with pytest.raises(BadEvent, match="user_id"):
            read_request(spelled)


def read_request(user: Any, **data: Any) -> Any:
    payload = {"user_id": user, "item_id": "tea", "event": "view"}
    return EventParser(parse({"data": data}, {})).read(payload, now=NOW)


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from("0123456789.aZ-@ "), min_size=1, max_size=6))
def test_files_and_requests_agree_on_every_id(tmp_path_factory: Any, user: str) -> None:
    known = users(imported(tmp_path_factory.mktemp("ids"), user, "ann"))[:-1]
    assert known == ([identifier(user)] if identifier(user) else []) or "." in user


@pytest.mark.parametrize("user", ["1.23E+12", "a\ufffdb"])
def test_an_id_that_lost_digits_or_characters_is_nobody(user: str, tmp_path: Path) -> None:
    valid = imported(tmp_path, user, "ann")
    assert valid.quarantine["reason"].to_list() == ["bad_user"]
    with pytest.raises(BadEvent, match="all its characters and digits"):
        read_request(user)


def test_guests_are_nobody_where_the_configuration_says_so(tmp_path: Path) -> None:
    assert users(imported(tmp_path, "0", "7")) == ["0", "7"]
    assert users(imported(tmp_path, "0", "7", guests=["0"])) == ["7"]


def test_addresses_are_one_in_any_case_where_the_configuration_says_so(tmp_path: Path) -> None:
    given = (" Ann@Example.org", "ann@example.org ")
    assert set(users(imported(tmp_path, *given))) == {"Ann@Example.org", "ann@example.org"}
    assert set(users(imported(tmp_path, *given, lower_case_emails=True))) == {"ann@example.org"}
    assert read_request(given[0], lower_case_emails=True)[0].user_id == "ann@example.org"


def test_a_guest_is_known_by_the_address_beside(tmp_path: Path) -> None:
    text = (
        "customer_id,billing_email,item_id,timestamp\n"
        "0,ann@x.org,a,2020-01-01\n7,b@x.org,b,2020-01-01\n"
    )
    raw = read_file(written(tmp_path, text))
    assert users(validate(raw, configured(tmp_path, guests=["0"]), now=NOW)) == ["ann@x.org", "7"]
