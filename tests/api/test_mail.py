"""Mail tools pull: the same bytes for one mailing, lists for anybody, links that lead only home."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import fromstring

import feedparser
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.mail.links import absolute
from recsys.storage.decisions.lists import ListLog, ShownList
from recsys.storage.decisions.results import results
from recsys.storage.users.profiles import ItemFacts, Profiles
from tests.api.conftest import Api, SetClock
from tests.api.test_pages import reversed_popularity
from tests.worlds import ITEMS, World, configured

FORMATS = ("json", "xml", "rss", "html")


@pytest.fixture
def mail(world: World) -> Iterator[Api]:
    """The API, where items have addresses in a shop."""
    config = configured(
        world.folder, public_url="https://recs.example/", shop_url="https://shop.example"
    )
    clock = SetClock()
    app = create_app(config, clock=clock)
    with TestClient(app, follow_redirects=False) as client:
        api = Api(client, app.service, clock, world)
        serving = api.service.current.serving
        answering = serving.answering
        urls = tuple(f"/item/{row}" for row in range(len(answering.bundle.catalogue)))
        shop = replace(answering.bundle.catalogue, url=urls)
        bundle = replace(answering.bundle, catalogue=shop)
        other = type(serving).of(replace(answering, bundle=bundle))
        api.service.current.swap(other)
        yield api


def pulled(api: Api, user: str = "u05", ending: str = "json", **query: Any) -> bytes:
    answer = api.client.get(f"/v1/email/{user}.{ending}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    return answer.content


def fields(api: Api, user: str = "u05", **query: Any) -> dict[str, Any]:
    answer = api.client.get(f"/v1/email/{user}.json", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_feed_is_read_by_a_parser_of_feeds(mail: Api) -> None:
    found = feedparser.parse(pulled(mail, ending="rss", send_id="s", limit=3))
    assert (found.bozo, found.version) == (False, "rss20")
    assert len({entry.id for entry in found.entries}) == len(found.entries) == 3
    for entry in found.entries:
        assert entry.title
        assert not entry.guidislink
        assert entry.link.startswith("https://recs.example/v1/click/")
        assert entry.published_parsed[:3] == (2026, 1, 1)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("user", ["u05", "", "never seen"])
def test_one_mailing_is_the_same_bytes_whatever_happens_meanwhile(
    mail: Api, ending: str, user: str
) -> None:
    first = pulled(mail, user, ending, send_id="spring", limit=4)
    mail.clock.at += 3_600_000_000
    mail.service.current.swap(reversed_popularity(mail.service.current.serving, "v2"))
    mail.client.put("/v1/placements/default", json={"limit": 2})
    assert pulled(mail, user, ending, send_id="spring", limit=4) == first
    assert pulled(mail, user, ending, send_id="summer", limit=4) != first


def test_all_formats_of_a_mailing_are_one_list(mail: Api) -> None:
    said = fields(mail, send_id="s", limit=3)
    root = fromstring(pulled(mail, ending="xml", send_id="s", limit=3))  # noqa: S314 - our own
    assert {one.tag: one.text or "" for one in root} == {
        name: value for name, value in said.items() if name != "items"
    }
    assert said["rec_id"].encode() in pulled(mail, ending="rss", send_id="s", limit=3)
    assert said["rec_1_url"].encode() in pulled(mail, ending="html", send_id="s", limit=3)


def test_every_field_is_a_text_and_nobody_is_everybody(mail: Api) -> None:
    own, blank, unknown = (fields(mail, user, limit=2) for user in ("u05", "", "x y/z"))
    assert (own["rec_rung"], blank["rec_rung"], unknown["rec_rung"]) == (
        "one_to_one", "popular", "popular",
    )  # fmt: skip
    for said in (own, blank, unknown):
        assert all(isinstance(value, str) for name, value in said.items() if name != "items")
        assert {"segment", "best_channel", "send_at", "churn_band"} <= said.keys()
    assert own["churn_band"] in {"low", "medium", "high"}
    assert blank["churn_band"] == ""


def test_parameters_of_mail_tools_are_no_mistake(mail: Api) -> None:
    assert fields(mail, limit=1, utm_source="braze", mc_cid="7")["rec_count"] == "1"
    assert mail.client.get("/v1/email/u05.json?limit=zero").status_code == 422
    assert mail.client.get("/v1/email/u05.json?placement=nope").status_code == 404


def test_a_link_leads_to_the_shop_and_the_click_is_credited_to_the_mailing(mail: Api) -> None:
    said = fields(mail, send_id="s", limit=2)
    link = said["rec_2_url"]
    assert link.startswith(f"https://recs.example/v1/click/{said['rec_id']}/")
    answer = mail.client.get(link, headers={"User-Agent": "Mozilla/5.0"})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("https://shop.example/item/")
    mail.client.get(link, headers={"User-Agent": "Mozilla/5.0"})
    mail.client.portal.call(mail.service.placing.close)  # type: ignore[union-attr]
    assert clicks(mail) == 1


def clicks(api: Api) -> int:
    found = results(
        api.service.log.database, "default", bought="purchase", since=0, until=api.clock.at + 1
    )
    return sum(figures.clicks for figures in found.values())


@pytest.mark.parametrize(
    ("method", "agent"), [("HEAD", "Mozilla/5.0"), ("GET", "GoogleImageProxy"), ("GET", "curl/8")]
)
def test_what_only_looks_where_links_lead_is_led_on_and_not_counted(
    mail: Api, method: str, agent: str
) -> None:
    link = fields(mail, send_id="s")["rec_1_url"]
    answer = mail.client.request(method, link, headers={"User-Agent": agent})
    assert answer.status_code == 302
    mail.client.portal.call(mail.service.placing.close)  # type: ignore[union-attr]
    assert clicks(mail) == 0


@pytest.mark.parametrize(
    "link",
    ["l1/https:%2F%2Fthief.example", "l1/no-such-item", "l1", "l1//thief.example", "%2F%2Fthief/x"],
)
def test_no_link_leads_elsewhere(mail: Api, link: str) -> None:
    assert mail.client.get(f"/v1/click/{link}").status_code == 404


def test_a_link_of_a_list_that_is_not_kept_still_leads_to_the_item(mail: Api) -> None:
    answer = mail.client.get(f"/v1/click/gone/{ITEMS[3]}", headers={"User-Agent": "Mozilla/5.0"})
    assert answer.status_code == 302
    mail.client.portal.call(mail.service.placing.close)  # type: ignore[union-attr]
    assert clicks(mail) == 0


@pytest.mark.parametrize("ending", ["json", "xml", "rss"])
def test_a_feed_is_everybodys_and_may_be_cached(mail: Api, ending: str) -> None:
    answer = mail.client.get(f"/v1/feeds/default.{ending}?limit=3")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"].startswith("public, max-age=60")
    mail.clock.at += 60_000_000
    etag = {"If-None-Match": answer.headers["etag"]}
    assert mail.client.get(f"/v1/feeds/default.{ending}?limit=3", headers=etag).status_code == 304
    by_segment = mail.client.get(f"/v1/feeds/default.{ending}?segment=country:France")
    assert by_segment.status_code == 200
    assert mail.client.get(f"/v1/feeds/default.{ending}?segment=nobody:x").status_code == 404
    assert mail.client.get(f"/v1/feeds/nope.{ending}").status_code == 404


def test_a_feed_follows_what_is_said_of_items_and_of_the_placement(mail: Api) -> None:
    feed = "/v1/feeds/default.json?limit=3"
    first = mail.client.get(feed).json()
    assert mail.client.get(feed).json() == first
    gone = ItemFacts(first["rec_1_id"], available=False)
    Profiles(mail.service.log.database).put_items([gone])
    mail.service.placing.current.catch_up(mail.service.current.serving)
    second = mail.client.get(feed).json()
    assert second["rec_1_id"] == first["rec_2_id"]
    pinned = {"limit": 3, "pins": [{"item_id": first["rec_3_id"], "rank": 1}]}
    assert mail.client.put("/v1/placements/default", json=pinned).status_code == 200
    assert mail.client.get(feed).json()["rec_1_id"] == first["rec_3_id"]


def test_who_asks_while_a_list_is_made_gets_that_list(mail: Api) -> None:
    shown, made = ShownList("l1", "", "default", 1, "v", "popular", 0, (), {}), []

    async def make() -> ShownList:
        await asyncio.sleep(0)
        made.append(shown)
        return shown

    async def thrice() -> list[ShownList]:
        asked = [mail.service.placing.of_mailing("key", make) for _ in range(3)]
        return await asyncio.gather(*asked)

    assert asyncio.run(thrice()) == [shown] * 3
    assert made == [shown]
    assert asyncio.run(thrice()) == [shown] * 3
    assert made == [shown] * 2


@pytest.mark.parametrize(
    ("url", "shop", "leads"),
    [
        ("/tea", "https://s.example", "https://s.example/tea"),
        ("tea pot", "https://s.example/en", "https://s.example/en/tea%20pot"),
        ("https://o.example/ü?a=1&b=%20#c", "", "https://o.example/%C3%BC?a=1&b=%20#c"),
        ("/tea", "", ""),
        ("", "https://s.example", ""),
        ("javascript:alert(1)", "https://s.example", ""),
        ("data:text/html,x", "", ""),
        ("https://[broken", "", ""),
        ("https:///x", "", ""),
        ("https://s.example/\r\nSet-Cookie:x", "", ""),
    ],
)
def test_an_address_of_the_catalogue_is_a_web_address_or_none(
    url: str, shop: str, leads: str
) -> None:
    assert absolute(url, shop) == leads


def test_items_without_an_address_have_no_link(shared_api: Api) -> None:
    assert fields(shared_api, limit=1)["rec_1_url"] == ""


def test_the_list_of_a_mailing_is_kept_for_its_user(mail: Api) -> None:
    said = fields(mail, send_id="s", limit=2)
    kept = ListLog(mail.service.log.database).get(said["rec_id"])
    assert kept is not None
    assert (kept.user_id, kept.placement_id, len(kept.items)) == ("u05", "default", 2)


def test_a_reason_is_told_in_the_language_that_the_mailing_asks_for(mail: Api) -> None:
    german, english = (fields(mail, send_id="s", limit=3, lang=one) for one in ("de", "en"))
    assert german["rec_1_id"] == english["rec_1_id"]
    assert german["rec_1_reason"] != english["rec_1_reason"] != ""
    assert german == fields(mail, send_id="s", limit=3, lang="de")
