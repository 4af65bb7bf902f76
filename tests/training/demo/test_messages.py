"""Simulated messages: reproducible, marked, and true to their truth."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.times import DAY, local_hours, zone
from tests.training.channel.shop import END, shop
from training.demo.messages import Simulated, simulate
from training.demo.world import CHANNELS, USUAL


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    interactions, country = shop()
    return simulate(interactions, country, timezone="Europe/London", seed=3)


def test_the_same_seed_gives_the_same_rows(simulated: Simulated) -> None:
    interactions, country = shop()
    again = simulate(interactions, country, timezone="Europe/London", seed=3)
    assert again.events == simulated.events
    assert again.consents == simulated.consents
    other = simulate(interactions, country, timezone="Europe/London", seed=4)
    assert other.events["at"] != simulated.events["at"]


def test_every_row_says_that_it_is_simulated(simulated: Simulated) -> None:
    assert all(simulated.events["simulated"])
    assert {consent.source for consent in simulated.consents} == {"simulation"}


def test_rows_are_in_order_of_time_and_ids_are_unique(simulated: Simulated) -> None:
    events = simulated.events
    assert events["at"] == sorted(events["at"])
    assert len(set(events["event_id"])) == len(events["event_id"])
    assert max(events["at"]) < END


def test_messages_go_out_by_day_to_users_who_have_bought(simulated: Simulated) -> None:
    interactions, _ = shop()
    events = simulated.events
    sent = [n for n, kind in enumerate(events["kind"]) if kind == "message_sent"]
    at = np.array(events["at"])[sent]
    hours = local_hours(at, zone("Europe/London"))
    assert (hours.min(), hours.max()) == (8, 20)
    rows = interactions.users.rows([events["user_id"][n] for n in sent])
    assert (at > interactions.at[interactions.indptr[rows]]).all()


def test_outcomes_refer_to_a_message_to_the_same_user_before_them(simulated: Simulated) -> None:
    events = simulated.events
    rows = list(zip(*(events[c] for c in ("event_id", "user_id", "channel", "at")), strict=True))
    by_id = {row[0]: row for row in rows}
    for row, ref, pscore in zip(rows, events["ref"], events["pscore"], strict=True):
        assert (ref is None) == (pscore is not None)
        if ref is not None:
            assert by_id[ref][1:3] == row[1:3]
            assert 0 < row[3] - by_id[ref][3] <= DAY


def test_nothing_goes_through_a_channel_without_consent(simulated: Simulated) -> None:
    granted: dict[tuple[str, str], list[tuple[int, bool]]] = {}
    for c in simulated.consents:
        granted.setdefault((c.user_id, c.channel), []).append((c.at, c.state == "granted"))
    events = simulated.events
    columns = (events[c] for c in ("user_id", "channel", "at", "kind"))
    for user, channel, at, kind in zip(*columns, strict=True):
        if kind == "message_sent":
            assert granted[user, channel][0][1]
            # Whoever leaves does so within a day; a message may still be under way.
            assert all(ok or when > at - DAY for when, ok in granted[user, channel])


def test_pscores_are_one_over_the_open_channels(simulated: Simulated) -> None:
    scores = {p for p in simulated.events["pscore"] if p is not None}
    assert scores == {1.0, 0.5, 1 / 3}


def test_rates_are_those_usually_reported(simulated: Simulated) -> None:
    events = simulated.events
    for channel, low, high in (("email", 0.02, 0.08), ("push", 0.03, 0.10), ("sms", 0.05, 0.15)):
        own = [k for k, c in zip(events["kind"], events["channel"], strict=True) if c == channel]
        rate = own.count("message_responded") / own.count("message_sent")
        assert low <= rate <= high, channel


def test_some_users_deny_profiling(simulated: Simulated) -> None:
    denied = {c.user_id for c in simulated.consents if c.purpose == "profiling"}
    assert 0.01 <= len(denied) / 900 <= 0.06


def test_outcomes_follow_the_truth(simulated: Simulated) -> None:
    truth = simulated.truth
    rows = np.arange(len(truth.own))
    noon = truth.response(rows, np.full(len(rows), 12.0), np.zeros(len(rows), np.int64))
    tired = truth.response(rows, np.full(len(rows), 12.0), np.full(len(rows), 3))
    assert noon.shape == (900, len(CHANNELS))
    assert (tired < noon).all()
    assert truth.unsubscribe(np.array([0, 3]))[1].tolist() == [2 * p for p in USUAL.unsubscribe]


def test_a_shop_without_users_gets_no_messages() -> None:
    interactions, country = shop()
    nobody = interactions.before(0)
    found = simulate(nobody, country, timezone="UTC", seed=1)
    assert found.events["at"] == []
    assert found.consents == ()
