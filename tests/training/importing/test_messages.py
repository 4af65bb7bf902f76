"""What mail tools say of a message, in bare names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recsys.data.kinds import OF_MESSAGES
from tests.training.importing.files import NOW, configured, written
from training.importing.read import read_file
from training.importing.validate import Validated, validate

AT = "2020-05-01 10:00:00"


def checked(folder: Path, text: str, **data: Any) -> Validated:
    return validate(read_file(written(folder, text)), configured(folder, **data), now=NOW)


@pytest.mark.parametrize("name", sorted(OF_MESSAGES))
def test_bare_names_are_of_messages_beside_a_channel(name: str, tmp_path: Path) -> None:
    valid = checked(tmp_path, f"email,event,timestamp,channel\na@b.c,{name.upper()},{AT},email\n")
    assert valid.events["kind"].to_list() == ([OF_MESSAGES[name]] if OF_MESSAGES[name] else [])
    assert valid.quarantine["reason"].to_list() == ([] if OF_MESSAGES[name] else ["unused_event"])


def test_beside_an_item_they_are_what_they_are_elsewhere(tmp_path: Path) -> None:
    text = (
        "user_id,item_id,event,timestamp,channel\n"
        f"u,tea,click,{AT},email\nu,,click,{AT},email\nu,tea,click,{AT},web\nu,,open,{AT},push\n"
    )
    kinds = checked(tmp_path, text).events["kind"].to_list()
    assert kinds == ["view", "message_responded", "view", "message_responded"]


def test_a_tool_that_names_no_channel_names_the_message(tmp_path: Path) -> None:
    text = (
        f"email,event,timestamp,sg_message_id,sg_event_id\na@b.c,delivered,{AT},m1,e1\n"
        f"a@b.c,open,{AT},m1,e2\n"
    )
    events = checked(tmp_path, text).events
    assert events["kind"].to_list() == ["message_sent", "message_opened"]
    assert events["ref"].to_list()[1] == events["event_id"].to_list()[0]


def test_what_left_is_not_counted_beside_what_arrived_unless_it_is_said(tmp_path: Path) -> None:
    text = f"email,event,timestamp,channel\na@b.c,sent,{AT},email\na@b.c,delivered,{AT},email\n"
    valid = checked(tmp_path, text)
    assert (valid.events["kind"].to_list(), dict(valid.unknown)) == (["message_sent"], {"sent": 1})
    told = checked(tmp_path, text, names={"sent": "message_sent", "delivered": ""})
    assert told.events["kind"].to_list() == ["message_sent"]
