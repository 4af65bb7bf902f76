"""From a user id to a person: what a rung may look at, and what it may not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from recsys.bundle import Bundle
from recsys.data.ids import NO_ITEM
from recsys.data.person import NO_SEGMENT, Context, LiveEvent, Reaction, Remembered
from recsys.data.signals import Signal
from recsys.data.times import DAY, HOUR
from recsys.errors import UnknownItem, UnknownSegment
from recsys.items.slate import ItemQuery
from recsys.ladder import OnFailure, Reason, RungName
from recsys.model_version import Answering
from recsys.storage.models.store import ModelStore
from tests.present import present
from tests.worlds import DENIED, END, GONE, World

LIVE = (
    LiveEvent("i02", "view", END + 2, 1.0, 0.0),
    LiveEvent("i01", "purchase", END + 1, 2.0, 8.0),
    LiveEvent("never-seen", "view", END + 3, 1.0, 0.0),
    LiveEvent("i01", "no-such-kind", END + 4, 1.0, 0.0),
)


@pytest.fixture(scope="module")
def answering(built_world: World) -> Answering:
    """The small shop's model, ready to answer."""
    store = ModelStore.of(built_world.config.storage)
    bundle, manifest = store.load(built_world.version, Bundle)
    return Answering.of(
        built_world.version, bundle, manifest, profiling_default=True, trait="country"
    )


@contextmanager
def no_failures() -> Iterator[OnFailure]:
    """Yield a listener that no rung may call."""
    failures: list[object] = []
    yield lambda *failure: failures.append(failure)
    assert not failures


def test_a_known_user_brings_past_row_and_segment(answering: Answering) -> None:
    person = answering.person("u07", Remembered(), at=END)
    assert person.user_row == answering.bundle.interactions.users.row("u07")
    assert len(person.past) > 0
    assert answering.bundle.segments.names[person.segment_row].startswith("rfm:")


def test_live_events_come_in_order_of_time_with_rows_of_the_model(answering: Answering) -> None:
    person = answering.person("stranger", Remembered(live=LIVE), at=END + HOUR)
    items = answering.bundle.interactions.items
    assert person.user_row is None
    assert person.live.at.tolist() == [END + 1, END + 2, END + 3]
    assert person.live.item_row.tolist() == [items.row("i01"), items.row("i02"), NO_ITEM]
    assert person.live.quantity.tolist() == [2.0, 1.0, 1.0]


def test_whoever_denied_profiling_is_gathered_without_history(answering: Answering) -> None:
    opened = Reaction("email", END - DAY, END, opened=True)
    remembered = Remembered(
        live=LIVE,
        profiling=False,
        channels=frozenset({"email"}),
        reactions=(opened,),
        signals=(Signal("nps", END - DAY, 3.0, END - DAY),),
    )
    person = answering.person("u07", remembered, at=END)
    assert person.user_row is None
    assert len(person.past) == len(person.live) == len(person.reactions) == 0
    assert len(person.signals) == 0
    allowed = answering.person("u07", replace(remembered, profiling=True), at=END)
    assert allowed.reactions == (opened,)
    assert allowed.signals.value.tolist() == [3.0]
    assert person.channels == {"email"}
    assert person.segment_row == NO_SEGMENT


def test_a_denial_leaves_the_segment_of_the_trait_only(answering: Answering) -> None:
    remembered = Remembered(profiling=False, traits={"country": "France"})
    person = answering.person(DENIED, remembered, at=END)
    assert answering.bundle.segments.names[person.segment_row] == "country:France"


def test_consent_is_what_was_said_and_else_the_configured_default(built_world: World) -> None:
    store = ModelStore.of(built_world.config.storage)
    bundle, manifest = store.load(built_world.version, Bundle)
    careful = Answering.of("v", bundle, manifest, profiling_default=False, trait="country")
    assert not careful.person("u07", Remembered(), at=END).profiling
    assert careful.person("u07", Remembered(profiling=True), at=END).profiling


def test_the_request_says_more_about_the_moment_than_the_profile(answering: Answering) -> None:
    remembered = Remembered(traits={"timezone": "Asia/Tokyo", "country": "France"})
    stored = answering.person("stranger", remembered, at=END)
    said = answering.person(
        "stranger", remembered, at=END, context=Context(trait="Germany", timezone="Europe/Oslo")
    )
    assert stored.context.timezone == "Asia/Tokyo"
    assert said.context.timezone == "Europe/Oslo"
    assert answering.bundle.segments.names[said.segment_row] == "country:Germany"


def test_an_event_changes_the_next_answer_and_its_rung(answering: Answering) -> None:
    query = ItemQuery(5, answering.allowed())
    with no_failures() as listener:
        before = answering.recommend(
            answering.person("u07", Remembered(), at=END), query, on_failure=listener
        )
        after = answering.recommend(
            answering.person("u07", Remembered(live=LIVE), at=END + HOUR),
            query,
            on_failure=listener,
        )
    assert before.rung is RungName.ONE_TO_ONE
    assert before.trail[0].reason is Reason.NO_LIVE_EVENTS
    assert after.rung is RungName.HYPER
    assert before.answer != after.answer


def test_excluded_and_unavailable_items_are_not_allowed(answering: Answering) -> None:
    items = answering.bundle.interactions.items
    allowed = answering.allowed(("i01", "never-seen"))
    assert not allowed[items.row("i01")]
    assert np.flatnonzero(answering.allowed() != allowed).tolist() == [items.row("i01")]
    gone = items.row(GONE)
    assert gone is None or not allowed[gone]


def test_what_the_model_does_not_know_is_named(answering: Answering) -> None:
    with pytest.raises(UnknownItem, match="never-seen"):
        answering.item_row("never-seen")
    with pytest.raises(UnknownSegment, match="rfm:champions"):
        answering.bundle.segment("rfm:heroes")


def test_a_live_return_takes_back_what_was_bought_and_its_item_rests(
    answering: Answering,
) -> None:
    before = answering.person("u07", Remembered(), at=END + HOUR)
    bought = LiveEvent("i01", "purchase", END + 1, 3.0, 99.0, order=7)
    back = LiveEvent("i01", "return", END + 2, 3.0, 99.0, order=7)
    person = answering.person("u07", Remembered(live=(bought, back)), at=END + HOUR)
    assert person.events.value.tolist() == before.events.value.tolist()
    assert len(person.live) == 0
    row = answering.bundle.interactions.items.row("i01")
    assert person.given_back.item_row.tolist() == [row]
    worth = present(answering.bundle.value.answer(person))
    assert worth == answering.bundle.value.answer(before)
