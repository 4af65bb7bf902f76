"""Events wait in order, in a queue that has an end."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from api.client.errors import ServiceRefused, ServiceTimeout
from api.client.events import MOST_BYTES, MOST_IN_A_BATCH, Outbox, sending, settled
from api.messages.events import CallsAnswer, EventVerdict
from recsys.errors import BadEvent, RecsysError
from tests.vectors import MOST_BYTES as OF_A_BROWSER
from tests.vectors import VECTORS


def filled(*sizes: int, most: int = 10_000, letter: str = "x") -> Outbox:
    outbox = Outbox(most)
    for number, size in enumerate(sizes):
        outbox.put({"n": number, "of": letter * (size // len(letter.encode()))})
    return outbox


def numbers(batch: list[bytes]) -> list[int]:
    return [json.loads(event)["n"] for event in batch]


@given(st.lists(st.integers(0, 150_000), max_size=30))
def test_batches_hold_every_event_once_in_order_and_fit(sizes: list[int]) -> None:
    outbox, taken = filled(*sizes), []
    while batch := outbox.take():
        assert len(sending(batch).body or b"") <= MOST_BYTES + 60 or len(batch) == 1
        taken += numbers(batch)
    assert taken == list(range(len(sizes)))


def test_a_batch_is_as_long_as_the_service_takes() -> None:
    outbox = filled(*[1] * (MOST_IN_A_BATCH + 1))
    assert [len(outbox.take()), len(outbox.take()), len(outbox.take())] == [MOST_IN_A_BATCH, 1, 0]


def test_batches_of_pages_and_of_this_client_are_the_same() -> None:
    for one in VECTORS["batches"]:
        outbox, found = filled(*one["bytes"], letter=one["letter"]), []
        while batch := outbox.take(most_bytes=OF_A_BROWSER):
            found.append(len(batch))
        assert found == one["events"]


def test_a_full_queue_turns_away_and_counts() -> None:
    outbox = filled(1, 1, most=2)
    assert not outbox.put({"n": 2})
    assert not Outbox(1).put({"of": "x" * MOST_BYTES})
    assert (len(outbox), outbox.dropped) == (2, 1)


def test_what_could_not_be_sent_waits_again_in_front_and_the_newest_make_room() -> None:
    outbox = filled(1, 1, 1, most=3)
    batch = outbox.take()
    outbox.put({"n": 3})
    told: list[RecsysError] = []
    assert not settled(outbox, batch, ServiceTimeout(1.0), told.append)
    assert numbers(outbox.take()) == [0, 1, 2]
    assert (outbox.dropped, len(told)) == (1, 1)


def test_what_is_refused_for_good_is_told_and_lost() -> None:
    outbox, told = filled(1, 1), list[RecsysError]()
    refused = ServiceRefused(401, "wrong_key", "…")
    assert settled(outbox, outbox.take(), refused, told.append)
    assert (len(outbox), outbox.dropped, told) == (0, 2, [refused])


def test_a_rejected_event_is_told_in_the_words_of_the_service() -> None:
    told: list[RecsysError] = []
    verdict = EventVerdict(0, "rejected", None, "unknown_kind", "no such kind")
    assert settled(Outbox(), [b"{}"], CallsAnswer(0, 0, 1, [verdict], success=True), told.append)
    (error,) = told
    assert isinstance(error, BadEvent)
    assert error.code == "unknown_kind"
