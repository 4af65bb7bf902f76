"""Why an item is in the answer."""

from __future__ import annotations

from dataclasses import replace
from gettext import NullTranslations

import pytest

from api.model import languages
from api.model.item_facts import FactsByRow
from api.model.reasons import ANY, PHRASES, Reasons, named
from recsys.bundle import Bundle
from recsys.data.interactions import NO_EVENTS
from recsys.data.person import Person
from recsys.items.slate import Recommendation
from recsys.ladder import RungName
from recsys.storage.models.store import ModelStore
from tests.worlds import END, World


@pytest.fixture(scope="module")
def bundle(built_world: World) -> Bundle:
    store = ModelStore.of(built_world.config.storage)
    return store.load(built_world.version, Bundle)[0]


def recommended(item_row: int, *because: int, note: str = "") -> Recommendation:
    return Recommendation(item_row, 1, 1.0, RungName.ONE_TO_ONE, "one_to_one", because, note)


def only(bundle: Bundle, kind: str) -> Reasons:
    alone = replace(bundle, interactions=bundle.interactions.of_kind(kind))
    return Reasons.of(alone, FactsByRow(alone))


def test_where_everything_is_a_purchase_it_was_bought(bundle: Bundle) -> None:
    slate = [recommended(3, 6), recommended(3, 3), recommended(3), recommended(3, note="liked")]
    assert only(bundle, "purchase").of_items(slate, Person("u", END)) == [
        ["because you bought Item 06"],
        ["you bought this before"],
        [],
        ["liked"],
    ]


def test_several_reasons_follow_the_note(bundle: Bundle) -> None:
    slate = [recommended(3, 6, 9, note="liked")]
    assert only(bundle, "view").of_items(slate, Person("u", END)) == [
        ["liked", "because you looked at Item 06", "because you looked at Item 09"]
    ]


def test_what_is_said_twice_is_made_once(bundle: Bundle) -> None:
    reasons = only(bundle, "purchase")
    first, second = (reasons.of_items([recommended(3, 6)], Person("u", END)) for _ in range(2))
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
        ((said,),) = reasons.of_items([recommended(1, item)], person)
        assert said.startswith(f"because you {'bought' if item in bought else 'looked at'} ")


def test_an_item_that_is_in_no_event_is_still_said_something_of(bundle: Bundle) -> None:
    reasons = Reasons.of(bundle, FactsByRow(bundle))
    person = Person("u", END, past=NO_EVENTS)
    assert reasons.of_items([recommended(1, 2)], person) == [
        ["because you took an interest in Item 02"]
    ]


def test_an_item_without_a_title_goes_by_its_id(bundle: Bundle) -> None:
    assert FactsByRow(bundle).name(38) == "i38"


def test_in_german_it_is_said_in_german_and_the_occasion_not_at_all(bundle: Bundle) -> None:
    slate = [recommended(3, 6, note="liked"), recommended(3, 3)]
    said = only(bundle, "purchase").of_items(slate, Person("u", END), lang="de-AT")
    assert said == [["weil Sie Item 06 gekauft haben"], ["das haben Sie schon einmal gekauft"]]


@pytest.mark.parametrize("tag", ["", "en", "en-GB", "tlh", "../de", "d" * 999])
def test_in_a_language_that_is_not_known_it_is_english(bundle: Bundle, tag: str) -> None:
    said = only(bundle, "purchase").of_items([recommended(3, 6)], Person("u", END), lang=tag)
    assert said == [["because you bought Item 06"]]


@pytest.mark.parametrize("language", [one for one in languages.known() if one != "en"])
def test_every_phrase_is_there_in_every_language(language: str) -> None:
    texts = languages.texts(language)
    for phrase in (*PHRASES.values(), ANY):
        for english in phrase:
            told = texts.gettext(english)
            assert told != english
            assert told.count("{item}") == english.count("{item}")


def test_no_phrase_is_made_in_code(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pseudo(NullTranslations):
        def gettext(self, message: str) -> str:
            return f"[{message.upper().replace('{ITEM}', '{item}')}]"

    monkeypatch.setattr(languages, "texts", lambda _: Pseudo())
    slate = [recommended(3, 6, 3, note="liked")]
    for kind in ("purchase", "view"):
        ((first, second),) = only(bundle, kind).of_items(slate, Person("u", END), lang="xx")
        assert first.replace("Item 06", "").isupper()
        assert second.isupper()


def test_a_name_with_braces_is_a_name(bundle: Bundle) -> None:
    assert named("because you bought {item}", "{item} {0}") == "because you bought {item} {0}"
