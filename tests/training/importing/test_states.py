"""What an order became, and what events are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.training.importing.files import NOW, configured, written
from training.importing.read import read_file
from training.importing.validate import Validated, validate


def checked(folder: Path, text: str, **data: Any) -> Validated:
    return validate(read_file(written(folder, text)), configured(folder, **data), now=NOW)


def test_a_cancelled_order_is_void_in_all_its_lines(tmp_path: Path) -> None:
    text = (
        "order_id,user_id,item_id,timestamp,Financial Status,Cancelled at\n"
        "1,ann,a,2020-01-01,paid,\n1,ann,b,2020-01-01,,\n"
        "2,ben,a,2020-01-01,refunded,\n2,ben,b,2020-01-01,,\n"
        "3,cid,a,2020-01-01,paid,2020-01-02\n"
    )
    valid = checked(tmp_path, text)
    assert sorted(valid.events.select("order_id", "kind").rows()) == [
        ("1", "purchase"), ("1", "purchase"), ("2", "void"), ("2", "void"), ("3", "void"),
    ]  # fmt: skip


def test_an_order_that_is_cancelled_later_is_another_event(tmp_path: Path) -> None:
    header = "order_id,user_id,item_id,timestamp,status\n"
    before, after = (
        checked(tmp_path, f"{header}1,ann,a,2020-01-01,{state}\n").events["event_id"][0]
        for state in ("processing", "wc-cancelled")
    )
    assert before != after


def test_names_of_other_tools_are_known(tmp_path: Path) -> None:
    text = "visitorid,itemid,timestamp,event,transactionid\n" + "".join(
        f"u,i,143322133211{n},{name},{'4001' if name == 'transaction' else ''}\n"
        for n, name in enumerate(["view", "addtocart", "transaction", "add_to_cart", "view_item"])
    )
    events = checked(tmp_path, text).events
    assert events["kind"].to_list() == ["view", "cart", "purchase", "cart", "view"]
    assert events["order_id"].to_list()[2] == "4001"


def test_a_name_that_is_not_understood_is_counted_and_may_be_mapped(tmp_path: Path) -> None:
    text = "user_id,item_id,timestamp,event\nann,a,2020-01-01,Gazed\nann,b,2020-01-01,gazed\n"
    valid = checked(tmp_path, text)
    assert valid.unknown == {"Gazed": 1, "gazed": 1}
    mapped = checked(tmp_path, text, names={"gazed": "view"})
    assert mapped.events["kind"].to_list() == ["view", "view"]
    unused = checked(tmp_path, text, names={"gazed": ""})
    assert unused.quarantine["reason"].to_list() == ["unused_event"] * 2


def test_rows_that_are_the_same_may_be_units(tmp_path: Path) -> None:
    text = "t_dat,customer_id,article_id\n" + "2020-01-01,ann,0663713001\n" * 2
    assert checked(tmp_path, text).duplicates == 1
    units = checked(tmp_path, text, identical_rows="units")
    assert (len(units.events), units.duplicates) == (2, 0)
    assert units.events["event_id"].n_unique() == 2


def test_a_name_beside_no_product_id_is_no_title(tmp_path: Path) -> None:
    text = "user_id,item_id,timestamp,name\nann,a,2020-01-01,Ann Smith\n"
    assert checked(tmp_path, text).events["title"].to_list() == [None]
    beside = text.replace("item_id", "product_id")
    assert checked(tmp_path, beside).events["title"].to_list() == ["Ann Smith"]


def test_few_stars_are_no_purchase(tmp_path: Path) -> None:
    header = "userId,movieId,rating,timestamp\n"
    text = header + "1,31,2.0,1260759144\n1,32,3,1260759179\n2,10,5.0,835355493\n"
    kinds = dict(checked(tmp_path, text).events.select("item_id", "kind").rows())
    assert kinds == {"31": "dismiss", "32": "view", "10": "purchase"}


def test_the_total_of_a_line_is_not_multiplied(tmp_path: Path) -> None:
    text = "user_id,item_id,timestamp,item_quantity,item_total\nann,a,2020-01-01,2,20\n"
    valid = checked(tmp_path, text, columns={"price": "item_total"})
    assert valid.events.select("quantity", "value").row(0) == (2, 20)


def test_what_was_paid_back_of_an_order_is_taken_off_its_lines(tmp_path: Path) -> None:
    text = (
        "Name,Email,Created at,Lineitem sku,Lineitem quantity,Lineitem price,Refunded Amount\n"
        "1,a@b.c,2020-01-01,tea,1,30,10\n1,a@b.c,2020-01-01,pot,1,10,\n"
        "2,a@b.c,2020-01-02,tea,1,30,30\n3,a@b.c,2020-01-03,tea,1,30,0\n"
    )
    config = configured(tmp_path, columns={"order": "Name"})
    events = validate(read_file(written(tmp_path, text)), config, now=NOW).events
    assert events["value"].to_list() == [22.5, 7.5, 0.0, 30.0]
    assert events["kind"].to_list() == ["purchase", "purchase", "void", "purchase"]


def test_what_was_paid_back_of_a_line_is_taken_off_it(tmp_path: Path) -> None:
    text = (
        "order_id,user_id,item_id,timestamp,item_total,item_refunded\n"
        "1,ann,a,2020-01-01,20,-5\n1,ann,b,2020-01-01,20,0\n2,ann,a,2020-01-02,20,-20\n"
    )
    events = checked(tmp_path, text).events
    assert events["value"].to_list() == [15, 20, 0]
    assert events["kind"].to_list() == ["purchase", "purchase", "void"]


def test_the_state_of_a_shop_order_holds_for_all_its_lines(tmp_path: Path) -> None:
    text = (
        "Name,Email,Financial Status,Created at,Lineitem sku,Lineitem name,Lineitem price\n"
        "#1,a@b.c,refunded,2020-01-03,tea,Tea,10\n#1,a@b.c,,2020-01-03,pot,Pot,10\n"
        "#2,a@b.c,paid,2020-01-05,tea,Tea,10\n"
    )
    events = checked(tmp_path, text).events
    assert events["order_id"].to_list() == ["#1", "#1", "#2"]
    assert events["kind"].to_list() == ["void", "void", "purchase"]


def test_the_id_above_a_list_of_lines_is_that_of_the_order(tmp_path: Path) -> None:
    line = {"product_id": "tea", "quantity": 1}
    order = {"id": 7, "created_at": "2020-01-03", "customer": {"id": 1}, "line_items": [line, line]}
    file = tmp_path / "orders.json"
    file.write_text(json.dumps({"orders": [order]}))
    events = validate(read_file(file), configured(tmp_path), now=NOW).events
    assert events["order_id"].to_list() == ["7", "7"]
