"""Attribution: the last click within its window, one credit a line, returns taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recsys.data.times import DAY, HOUR
from recsys.storage.database.interface import Database
from recsys.storage.decisions.exposures import Exposure, ExposureLog, Seen
from recsys.storage.decisions.lists import ListLog, ShownList
from recsys.storage.decisions.results import Credits, ListResults, results
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.users import merges

NOON = 20_000 * DAY
HOME = ShownList("home1", "ann", "home", 1, "v1", "hyper", NOON, (), {})
MAIL = replace(HOME, list_id="mail1", placement_id="mail", send_key="k")


def clicked(list_id: str, item: str, at: int, user: str = "ann") -> Exposure:
    return Exposure(list_id, user, Seen.CLICK, item, 1, at)


def event(name: str, kind: str, item: str, at: int, **more: Any) -> Event:
    return Event(name, more.pop("user", "ann"), kind, at, item_id=item, **more)


@pytest.fixture
def store(database: Database) -> Database:
    ListLog(database).put([HOME, MAIL, replace(HOME, list_id="home2", rung="popular", version=2)])
    return database


def of(database: Database, placement: str = "home") -> dict[tuple[str, int], ListResults]:
    found = results(database, placement, bought="purchase", since=NOON, until=NOON + DAY)
    return dict(found)


def test_lists_impressions_and_clicks_are_counted_by_rung_and_version(store: Database) -> None:
    seen = [Exposure("home1", "ann", Seen.IMPRESSION, item, 1, NOON) for item in ("a", "b")]
    ExposureLog(store).append([*seen, clicked("home1", "a", NOON), clicked("gone", "a", NOON)])
    found = of(store)
    assert found["popular", 2] == ListResults(lists=1)
    assert found["hyper", 1] == ListResults(
        lists=1, impressions=2, clicks=1, seen_lists=1, clicked_lists=1
    )


def test_the_clicked_item_and_any_item_are_credited_apart(store: Database) -> None:
    ExposureLog(store).append([clicked("home1", "a", NOON)])
    bought = [
        event(item, "purchase", item, NOON + HOUR, value=worth)
        for item, worth in (("a", 5.0), ("x", 7.0))
    ]
    EventLog(store).append(bought, now=NOON)
    assert of(store)["hyper", 1].same_item == Credits(1, 5.0)
    assert of(store)["hyper", 1].any_item == Credits(2, 12.0)


@pytest.mark.parametrize(
    ("list_id", "placement", "days", "credits"),
    [("home1", "home", 1, 1), ("home1", "home", 1.01, 0), ("mail1", "mail", 7, 1),
     ("mail1", "mail", 7.01, 0), ("home1", "home", -0.01, 0)],
)  # fmt: skip
def test_a_window_is_a_day_on_a_page_and_a_week_in_a_mailing(
    store: Database, list_id: str, placement: str, days: float, credits: int
) -> None:
    ExposureLog(store).append([clicked(list_id, "a", NOON)])
    EventLog(store).append([event("p", "purchase", "a", NOON + int(days * DAY))], now=NOON)
    assert of(store, placement)["hyper", 1].any_item.purchases == credits


def test_the_last_click_has_the_credit_wherever_it_was(store: Database) -> None:
    ExposureLog(store).append([clicked("mail1", "a", NOON), clicked("home1", "b", NOON + 1)])
    EventLog(store).append([event("p", "purchase", "a", NOON + 2, value=3.0)], now=NOON)
    assert of(store, "mail")["hyper", 1].any_item == Credits()
    assert of(store)["hyper", 1].any_item == Credits(1, 3.0)
    assert of(store)["hyper", 1].same_item == Credits()


def test_a_click_of_somebody_else_earns_nothing(store: Database) -> None:
    ExposureLog(store).append([clicked("home1", "a", NOON, user="ben")])
    EventLog(store).append([event("p", "purchase", "a", NOON + 1)], now=NOON)
    assert of(store)["hyper", 1].any_item == Credits()


def test_who_clicked_before_signing_in_bought_after_it(store: Database) -> None:
    ExposureLog(store).append([clicked("home1", "a", NOON, user="phone")])
    merges.merge(store, "phone", "ann", at=NOON)
    EventLog(store).append([event("p", "purchase", "a", NOON + 1)], now=NOON)
    assert of(store)["hyper", 1].same_item.purchases == 1


def test_a_click_goes_back_to_its_own_id_when_a_merge_is_undone(store: Database) -> None:
    merges.merge(store, "phone", "ann", at=NOON)
    ExposureLog(store).append([clicked("home1", "a", NOON, user="phone")])
    EventLog(store).append([event("p", "purchase", "a", NOON + 1)], now=NOON)
    assert of(store)["hyper", 1].same_item.purchases == 1
    merges.unmerge(store, "phone", at=NOON)
    assert of(store)["hyper", 1].same_item == Credits()


def test_what_is_returned_takes_its_credit_back_and_a_part_only_its_money(store: Database) -> None:
    ExposureLog(store).append([clicked("home1", "a", NOON)])
    log = EventLog(store)
    log.append([event("p", "purchase", "a", NOON + 1, value=9.0, quantity=3.0)], now=NOON)
    log.append([event("r", "return", "a", NOON + 2 * DAY, quantity=1.0)], now=NOON)
    assert of(store)["hyper", 1].any_item == Credits(1, 6.0)
    log.append([event("r2", "return", "a", NOON + 3 * DAY, quantity=2.0)], now=NOON)
    log.append([event("r3", "return", "a", NOON + 4 * DAY, quantity=5.0)], now=NOON)
    assert of(store)["hyper", 1].any_item == Credits(0, 0.0)


def test_lists_of_another_time_are_left_out(store: Database) -> None:
    ListLog(store).put([replace(HOME, list_id="later", at=NOON + DAY)])
    ExposureLog(store).append([clicked("later", "a", NOON + DAY)])
    EventLog(store).append([event("p", "purchase", "a", NOON + DAY + 1)], now=NOON)
    assert of(store)["hyper", 1] == ListResults(lists=1)
