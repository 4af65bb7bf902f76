"""Records in batches: an id of their own is theirs, wherever they stand."""

from __future__ import annotations

from typing import Any

import polars as pl

from recsys.connectors.read import held, of_records
from recsys.connectors.registry import tools
from recsys.connectors.translate import translated


def _read(tool: str, kind: str, *records: dict[str, Any]) -> list[tuple[Any, ...]]:
    shape = tools("")[tool].files[kind]
    rows = of_records(records, shape)
    told = translated(rows.frame, shape, key="a key of the shop, not shorter than 32").frame
    names = told.with_columns(rows.place.alias("place"))
    return names.select("message_id", pl.col("^ref$"), "place").rows()


def _braze(own: str, came: str) -> dict[str, Any]:
    user, said = {"external_user_id": "ann"}, {"dispatch_id": "d1"}
    return {"id": own, "event_type": f"users.messages.email.{came}", "time": 1_696_118_400,
            "user": user, "properties": said}  # fmt: skip


def test_what_came_of_a_message_names_it_in_whichever_place_of_a_batch() -> None:
    sent, opened = _braze("b1", "Delivery"), _braze("b2", "Open")
    rows = _read("braze", "events", {"events": [sent, opened]}, {"events": [opened, sent]})
    assert rows == [
        ("d1", None, None), ("b2", "d1", None), ("b2", "d1", None), ("d1", None, None),
    ]  # fmt: skip


def test_products_of_one_event_are_told_apart_by_their_place() -> None:
    event = {"tealium_event": "purchase", "eventid": "e1", "tealium_visitor_id": "v", "products":
             [{"id": "a"}, {"id": "b"}]}  # fmt: skip
    places = [place for *_, place in _read("tealium", "events", event)]
    assert len(set(places)) == len(places)


def test_a_record_of_another_form_is_read_as_it_stands() -> None:
    broken = {"object": "event", "type": "invoice.paid", "data": {"object": {"lines": {"data": 1}}}}
    assert _read("stripe", "events", broken) == [(None, None)]


def test_what_stands_beside_a_list_may_be_named_by_anything() -> None:
    refs: dict[str, Any] = {"profile": {"data": {"type": [], "id": {}}}}
    found = held({"data": [{"relationships": refs}], "included": [{"type": [], "id": {}}]})
    assert found == [{"relationships": refs, "profile": {}}]
