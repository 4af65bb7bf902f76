"""Lists that were shown, and exposures of them: durable, once, and nothing of erased users."""

from __future__ import annotations

from dataclasses import replace

from recsys.storage.database.interface import Database
from recsys.storage.decisions.exposures import Exposure, ExposureLog, Seen
from recsys.storage.decisions.lists import ListLog, ShownList
from recsys.storage.events.event import Reception
from recsys.storage.privacy.erasure import erase
from recsys.storage.privacy.personal_data import personal_data
from recsys.storage.users import merges

SHOWN = ShownList(
    "l1", "ann", "home", 2, "v1", "hyper", 5, ({"item_id": "tée", "rank": 1},), {"notes": []}
)
CLICK = Exposure("l1", "ann", Seen.CLICK, "tée", 1, 9)


def test_a_list_is_found_as_it_was_kept_and_kept_once(database: Database) -> None:
    log = ListLog(database)
    other = replace(SHOWN, list_id="l2", user_id="")
    assert log.put([SHOWN, other]) == [True, True]
    assert log.put([replace(SHOWN, rung="popular")]) == [False]
    assert (log.get("l1"), log.get("l2"), log.get("l3")) == (SHOWN, other, None)


def test_a_mailing_keeps_its_first_list(database: Database) -> None:
    log = ListLog(database)
    first = replace(SHOWN, send_key="spring:ann")
    assert log.of_mailing("spring:ann") is None
    other = replace(first, list_id="l2", rung="popular")
    assert log.put_once([first, other]) == [first, first]
    assert log.put_once([other]) == [first]
    assert log.of_mailing("spring:ann") == first
    assert log.get("l2") is None


def test_cursors_only_ever_end_later(database: Database) -> None:
    log = ListLog(database)
    log.put([replace(SHOWN, until=10)])
    for until, expected in ((20, 20), (15, 20)):
        log.renew("l1", until=until)
        found = log.get("l1")
        assert found is not None
        assert found.until == expected


def test_an_item_of_a_list_is_seen_and_clicked_once_by_somebody(database: Database) -> None:
    log = ExposureLog(database)
    seen = replace(CLICK, kind=Seen.IMPRESSION)
    assert log.append([CLICK, seen, CLICK]) == [
        Reception.ACCEPTED, Reception.ACCEPTED, Reception.DUPLICATE,
    ]  # fmt: skip
    assert log.append([replace(CLICK, at=99), replace(CLICK, user_id="ben")]) == [
        Reception.DUPLICATE, Reception.ACCEPTED,
    ]  # fmt: skip


def test_nothing_is_kept_of_erased_users_and_what_was_goes(database: Database) -> None:
    ListLog(database).put([SHOWN])
    ExposureLog(database).append([CLICK])
    assert len(personal_data(database, "ann").lists) == 1
    assert len(personal_data(database, "ann").exposures) == 1
    erase(database, "ann", at=10, receipt_id="r")
    assert ListLog(database).get("l1") is None
    assert ListLog(database).put([SHOWN, replace(SHOWN, list_id="l2", user_id="ben")]) == [
        False, True,
    ]  # fmt: skip
    (returned,) = ListLog(database).put_once([replace(SHOWN, send_key="k")])
    assert returned.list_id == "l1"
    assert ListLog(database).of_mailing("k") is None
    assert ExposureLog(database).append([CLICK]) == [Reception.ERASED]


def test_lists_and_exposures_are_those_of_who_it_became(database: Database) -> None:
    ListLog(database).put([replace(SHOWN, user_id="phone")])
    ExposureLog(database).append([replace(CLICK, user_id="phone")])
    merges.merge(database, "phone", "ann", at=10)
    found = personal_data(database, "ann")
    assert [row["list_id"] for row in found.lists] == ["l1"]
    assert "secret" not in found.lists[0]
    assert [row["kind"] for row in found.exposures] == ["click"]
