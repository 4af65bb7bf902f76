"""Amounts of two currencies are never added up: the first that is named is the store's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recsys.storage.database.open import open_database
from recsys.storage.events.currency import OneCurrency
from tests.api.conftest import NOON, Api, running
from tests.worlds import World
from training.errors import UnclearColumn
from training.importing.events import import_events

ORDER = {"userId": "ann", "event": "Order Completed"}
LINE = {"product_id": "tea", "price": 3}


def told(api: Api, *properties: dict[str, Any]) -> list[Any]:
    batch = [{**ORDER, "properties": one} for one in properties]
    answer = api.client.post("/v1/batch", json={"batch": batch}).json()
    return [one["code"] for one in answer["events"]]


def test_another_currency_than_the_first_is_refused_with_the_way_out(api: Api) -> None:
    assert told(api, {**LINE, "currency": "EUR"}, {**LINE, "currency": "JPY"}, LINE) == [
        None, "unknown_currency", None,
    ]  # fmt: skip
    assert told(api, {**LINE, "currency": "eur "}) == [None]
    other = {**ORDER, "properties": {**LINE, "currency": "JPY"}}
    answer = api.client.post("/v1/batch", json={"batch": [other]}).json()
    reason = answer["events"][0]["reason"]
    assert "not added up" in reason
    assert "data.rates" in reason


def test_products_of_an_order_in_two_currencies_are_no_order(api: Api) -> None:
    lines = [{**LINE, "currency": "EUR"}, {**LINE, "product_id": "cup", "currency": "USD"}]
    assert told(api, {"order_id": "o1", "products": lines}) == ["unknown_currency"]
    assert api.service.log.database.read("SELECT * FROM events WHERE order_id = 'o1'") == []


def test_what_each_is_worth_is_said_by_the_configuration(world: World) -> None:
    data = world.config.data.model_copy(update={"rates": {"EUR": 1.0, "JPY": 0.01}})
    config = world.config.model_copy(update={"data": data})
    for api in running(replace(world, config=config)):
        said = [{**LINE, "currency": one} for one in ("JPY", "EUR", "USD")]
        assert told(api, *said) == [None, None, "unknown_currency"]


def test_every_worker_has_the_currency_that_the_first_one_took(either: World) -> None:
    first, second = (open_database(either.config.storage.url) for _ in range(2))
    assert OneCurrency(first).beside("EUR") == "EUR"
    assert OneCurrency(second).beside("JPY") == "EUR"
    first.close()
    second.close()


@pytest.mark.parametrize("said", [978, "Rs.", True])
def test_what_is_no_code_of_a_currency_names_none(api: Api, said: Any) -> None:
    assert told(api, {**LINE, "currency": said}, {**LINE, "currency": "EUR"}) == [None, None]


def test_files_and_requests_have_the_same_currency(api: Api, tmp_path: Path) -> None:
    assert told(api, {**LINE, "currency": "EUR"}) == [None]
    header = "user_id,item_id,timestamp,event,price,currency\n"
    file = tmp_path / "orders.csv"
    row = "bo,tea,2025-12-30T10:00:00Z,purchase,3,"
    file.write_text(f"{header}{row}EUR\n")
    assert import_events(file, api.service.config, api.service.log, now=NOON).logged == 1
    file.write_text(f"{header}{row}USD\n")
    with pytest.raises(UnclearColumn, match=r"EUR = 1\.0, USD = "):
        import_events(file, api.service.config, api.service.log, now=NOON)


def test_a_file_whose_money_its_cells_explain_has_its_currency_all_the_same(
    api: Api, tmp_path: Path
) -> None:
    assert told(api, {**LINE, "currency": "EUR"}) == [None]
    row = "bo,{},2025-12-30T10:00:00Z,purchase,6,2,6,USD"
    file = tmp_path / "orders.csv"
    file.write_text(
        "user_id,item_id,timestamp,event,price,quantity,total,currency\n"
        + "\n".join(map(row.format, ("tea", "cup", "pot")))
    )
    with pytest.raises(UnclearColumn, match=r"EUR = 1\.0, USD = "):
        import_events(file, api.service.config, api.service.log, now=NOON)


@pytest.mark.parametrize("price", ["$10.00", "12,50", "1.234,50", "10 EUR", "1_000"])
def test_money_in_words_is_refused_with_how_to_write_it(api: Api, price: str) -> None:
    event = {**ORDER, "properties": {"product_id": "tea", "price": price}}
    (verdict,) = api.client.post("/v1/batch", json={"batch": [event]}).json()["events"]
    assert verdict["code"] == "bad_price"
    assert "decimal point, its currency beside it" in verdict["reason"]
