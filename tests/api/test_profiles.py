"""One person, of all sources: the newest word counts, and where they differ it shows."""

from __future__ import annotations

from recsys.data.times import DAY
from recsys.storage.users import merges, sayings, statements
from recsys.storage.users.sayings import Saying
from recsys.storage.users.statements import Statement
from tests.api.conftest import NOON, Api

SAID = '{"consents":[%s],"outcomes":[%s],"traits":{"country":"%s"}}'
NPS = '{"name":"nps","value":9.0,"ref":"r1"}'
NO_MAIL = '{"channel":"email","state":"denied","basis":"hard bounce"}'


def said(api: Api, user: str, text: str, source: str, at: int) -> sayings.Kept:
    database = api.service.log.database
    return sayings.keep(database, api.config, [Saying(user, at, text)], source=source, now=NOON)


def test_the_newest_word_counts_and_conflicts_show(api: Api) -> None:
    said(api, "u01", SAID % ("", NPS, "Norway"), "klaviyo.profiles", 2_000_000)
    said(api, "u01", SAID % (NO_MAIL, "", "France"), "hubspot.contacts", 1_000_000)
    told = api.client.get("/v1/users/u01/profile").json()
    assert [(t["value"], t["source"], t["counts"]) for t in told["traits"]] == [
        ("Norway", "klaviyo.profiles", True),
        ("France", "hubspot.contacts", False),
    ]
    both = {"klaviyo.profiles": "Norway", "hubspot.contacts": "France"}
    assert told["conflicts"] == {"country": both}
    assert told["consents"][-1]["basis"] == "hard bounce"
    assert told["outcomes"] == [
        {"kind": "nps", "value": 9.0, "ref": "r1", "source": "klaviyo.profiles",
         "at": "1970-01-01T00:00:02.000Z"}
    ]  # fmt: skip
    assert api.service.identities.profiles.users()["u01"][0]["country"] == "Norway"


def test_an_outcome_that_is_said_again_is_one(api: Api) -> None:
    assert said(api, "u01", SAID % ("", NPS, ""), "qualtrics.responses", 1).outcomes == 1
    assert said(api, "u01", SAID % ("", NPS, ""), "qualtrics.responses", 1).outcomes == 0


def test_a_score_that_was_corrected_stands_beside_what_was_known_before(api: Api) -> None:
    for score, at in (("9.0", 1), ("2.0", 5), ("9.0", 1)):
        said(api, "u01", SAID % ("", NPS.replace("9.0", score), ""), "qualtrics.responses", at)
    found = statements.of(api.service.log.database, "u01")
    assert [(one.value, one.at, one.known_at) for one in found] == [("9", 1, None), ("2", 5, None)]


def test_what_comes_live_is_known_from_its_arrival_and_a_file_from_its_time(api: Api) -> None:
    database = api.service.log.database
    for user, when, live in (
        ("u01", NOON - DAY, True),
        ("u02", NOON - DAY, False),
        ("u03", NOON - 900 * DAY, True),
    ):
        one = Saying(user, when, SAID % ("", NPS, ""))
        sayings.keep(database, api.config, [one], source="x.y", now=NOON, live=live)
    known = {user: statements.of(database, user)[0].known_at for user in ("u01", "u02", "u03")}
    assert known == {"u01": NOON, "u02": None, "u03": None}


def test_what_was_said_goes_with_a_merge_and_comes_back(api: Api) -> None:
    said(api, "phone-1", SAID % ("", NPS, ""), "hotjar.responses", 1)
    database = api.service.log.database
    merges.merge(database, "phone-1", "u01", at=NOON)
    told = api.client.get("/v1/users/phone-1/profile").json()
    assert (told["user_id"], told["former_ids"]) == ("u01", ["phone-1"])
    assert len(told["outcomes"]) == 1
    merges.unmerge(database, "phone-1", at=NOON)
    assert statements.of(database, "u01") == ()
    assert statements.of(database, "phone-1") == (
        Statement("phone-1", "nps", "", "9", "hotjar.responses", "r1", 1),
    )


def test_of_nobody_nothing_is_told(api: Api) -> None:
    told = api.client.get("/v1/users/nobody/profile").json()
    assert (told["traits"], told["outcomes"], told["consents"]) == ([], [], [])
