"""Why an item is in the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.messages.reasons import Why
from api.model.item_facts import FactsByRow
from api.model.reasons import Reasons
from recsys.bundle import Bundle
from recsys.data.interactions import NO_EVENTS
from recsys.data.person import Person
from recsys.items.slate import Recommendation
from recsys.ladder import RungName
from recsys.storage.models.store import ModelStore
from recsys.words import say
from tests.worlds import END, World

NEW = say("item.new")


@pytest.fixture(scope="module")
def bundle(built_world: World) -> Bundle:
    store = ModelStore.of(built_world.config.storage)
    return store.load(built_world.version, Bundle)[0]


def recommended(item_row: int, *because: int, note: str = "") -> Recommendation:
    return Recommendation(item_row, 1, 1.0, RungName.ONE_TO_ONE, "one_to_one", because, note)


def only(bundle: Bundle, kind: str) -> Reasons:
    alone = replace(bundle, interactions=bundle.interactions.of_kind(kind))
    return Reasons.of(alone, FactsByRow(alone))


def texts(reasons: Reasons, slate: list[Recommendation], person: Person) -> list[list[str]]:
    return [said for said, _ in reasons.of_items(slate, person)]


def test_where_everything_is_a_purchase_it_was_bought(bundle: Bundle) -> None:
    slate = [recommended(3, 6), recommended(3, 3), recommended(3), recommended(3, note=NEW)]
    assert texts(only(bundle, "purchase"), slate, Person("u", END)) == [
        ["because you bought Item 06"],
        ["you bought this before"],
        [],
        [str(NEW)],
    ]


def test_beside_each_text_is_its_code_with_what_it_names(bundle: Bundle) -> None:
    ((_, found),) = only(bundle, "view").of_items([recommended(3, 6, note=NEW)], Person("u", END))
    assert found == [
        Why("item.new", {}, str(NEW)),
        Why("item.view", {"item": "Item 06"}, "because you looked at Item 06"),
    ]


def test_several_reasons_follow_the_note(bundle: Bundle) -> None:
    slate = [recommended(3, 6, 9, note=NEW)]
    assert texts(only(bundle, "view"), slate, Person("u", END)) == [
        [str(NEW), "because you looked at Item 06", "because you looked at Item 09"]
    ]


def test_what_is_said_twice_is_made_once(bundle: Bundle) -> None:
    reasons = only(bundle, "purchase")
    for slate in ([recommended(3, 6)], [recommended(3, note=NEW)]):
        first, second = (reasons.of_items(slate, Person("u", END)) for _ in range(2))
        assert first[0] is second[0]


def test_of_several_kinds_the_strongest_is_named(bundle: Bundle) -> None:
    reasons = Reasons.of(bundle, FactsByRow(bundle))
    assert reasons.only is None
    row = bundle.interactions.users.row("u03")
    assert row is not None
    past = bundle.interactions.of_user(row)
    bought = set(past.item_row[past.kind == bundle.interactions.kinds.index("purchase")].tolist())
    person = Person("u03", END, user_row=row, past=past)
    for item in set(past.item_row.tolist()):
        ((said,),) = texts(reasons, [recommended(1, item)], person)
        assert said.startswith(f"because you {'bought' if item in bought else 'looked at'} ")


def test_an_item_that_is_in_no_event_is_still_said_something_of(bundle: Bundle) -> None:
    reasons = Reasons.of(bundle, FactsByRow(bundle))
    person = Person("u", END, past=NO_EVENTS)
    assert texts(reasons, [recommended(1, 2)], person) == [
        ["because you took an interest in Item 02"]
    ]


def test_an_item_without_a_title_goes_by_its_id(bundle: Bundle) -> None:
    assert FactsByRow(bundle).name(38) == "i38"
