"""In which language reasons are told, and that no text of them is made in code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from gettext import NullTranslations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.messages.reasons import Why, in_language, why
from api.model import languages
from recsys import words
from recsys.ladder import Reason, RungName
from recsys.words import ENGLISH, say
from tests.api.conftest import Api, running
from tests.worlds import World

ROOT = Path(words.__file__).parents[1]
OTHERS = [one for one in languages.known() if one != "en"]
PATHS = ("/v1/users/{}", "/v1/users/{}/channel", "/v1/users/{}/churn", "/v1/users/{}/value",
         "/v1/users/{}/recommendations", "/v1/placements/default/items?user_id={}")  # fmt: skip


class Pseudo(NullTranslations):
    """Says everything in capitals, but for what stands in braces."""

    def gettext(self, message: str) -> str:
        return "".join(
            part if part.startswith("{") else f"«{part.upper()}»"
            for part in re.split(r"(\{[^}]*\})", message) if part
        )  # fmt: skip

    def ngettext(self, one: str, many: str, n: int) -> str:
        return self.gettext(one if n == 1 else many)


def whys(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every reason in an answer."""
    if isinstance(value, dict):
        if value.keys() == {"code", "params", "text"}:
            yield value
        for one in value.values():
            yield from whys(one)
    elif isinstance(value, list):
        for one in value:
            yield from whys(one)


@pytest.mark.parametrize(
    ("header", "best"),
    [
        ("", "en"), ("de", "de"), ("de-AT", "de"), ("DE_at", "de"), ("fr", "en"), ("fr, de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"), ("en;q=0.5, de;q=0.6", "de"), ("de;q=.2,en", "en"),
        ("de;q=0", "en"), ("de;q=x", "en"), ("*", "en"), (";;,,q=1", "en"), ("de;level=1", "de"),
        ("x" * 600 + ",de", "en"),
    ],
)  # fmt: skip
def test_the_header_is_weighed(header: str, best: str) -> None:
    assert languages.wanted(header) == best


@pytest.mark.parametrize(
    ("asked", "traits", "accepted", "best"),
    [
        ("", {}, "", "en"),
        ("", {}, "de", "de"),
        ("", {"locale": "de_AT"}, "en", "de"),
        ("", {"language": "en"}, "de", "en"),
        ("", {"locale": "", "language": "de"}, "en", "de"),
        ("en", {"locale": "de"}, "de", "en"),
        ("de-CH", {"locale": "en"}, "", "de"),
        ("tlh", {"locale": "de"}, "de", "en"),
    ],
)
def test_what_is_asked_for_wins_then_the_user_then_the_request(
    asked: str, traits: dict[str, str], accepted: str, best: str
) -> None:
    assert languages.chosen(asked, traits, accepted) == best


@pytest.mark.parametrize("language", OTHERS)
def test_every_reason_is_there_in_every_language_with_the_same_places(language: str) -> None:
    texts, places = languages.texts(language), re.compile(r"\{(\w+)")
    for code, english in ENGLISH.items():
        forms = (english,) if isinstance(english, str) else english
        for n, form in zip((1, 2), forms, strict=False):
            said = texts.gettext(form) if isinstance(english, str) else texts.ngettext(*english, n)
            assert sorted(places.findall(said)) == sorted(places.findall(form)), code
            assert said != form or not places.sub("", form).strip("{}"), code


def test_numbers_are_written_as_the_language_does() -> None:
    params = {"p": 0.284, "n": 12_345}
    assert languages.text("churn.everybody", params, "de") == (
        "28\xa0% von 12.345 aktiven Personen kamen nicht rechtzeitig wieder"
    )
    assert languages.text("hour.responses", {"n": 1, "channel": "email"}, "de") == (
        "aus 1 eigenen Antwort auf email"
    )


def test_a_reason_in_a_reason_is_said_in_the_same_language_also_once_it_was_logged() -> None:
    inner = say("churn.own", day="2026-01-31", days=3.0, kind="purchase")
    made = why(say("churn.lapsed", because=inner, days=120.0, learnt=90))
    german = (
        "eigene Neigung am Stichtag 2026-01-31, aus 3 Tagen mit einem Ereignis „Kauf“; schon 120 "
        "Tage inaktiv, das Modell lernte von Personen, die höchstens 90 Tage inaktiv waren"
    )
    assert made is not None
    assert in_language(made, "de").text == german
    logged = msgspec.json.decode(msgspec.json.encode(made), type=Why)
    assert in_language(logged, "de").text == german


def test_a_name_with_braces_is_a_name_and_a_code_of_old_keeps_its_text() -> None:
    assert say("item.view", item="{item} {0}") == "because you looked at {item} {0}"
    assert languages.text("item.view", {"item": "{0}"}, "de") == "weil Sie sich {0} angesehen haben"
    old = Why("gone.long", {"n": 1}, "as it was")
    assert in_language(old, "de") == old


def test_no_reason_of_an_answer_is_made_in_code(
    shared_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(languages, "texts", lambda _: Pseudo())
    seen = set()
    for user in ("u03", "u07", "nobody at all"):
        for path in PATHS:
            response = shared_api.client.get(path.format(user), params={"lang": "de"})
            body = response.json()
            found = list(whys(body))
            assert found, path
            for one in found:
                seen.add(one["code"])
                # What is left besides the catalogue's own words are the parameters.
                said = re.sub(r"«[^»]*»", "", one["text"])
                for name in re.findall(r"[^\W\d]{3,}", said):
                    assert name.lower() in str(one["params"]).lower(), one
            assert not list(_bare(body)), path
    assert {code.partition(".")[0] for code in seen} >= {
        "rung", "items", "item", "channel", "arm", "churn", "band", "value"
    }  # fmt: skip


def _bare(value: Any) -> Iterator[Any]:
    """Yield what says a reason in English only."""
    if isinstance(value, dict):
        for english, coded in (
            ("detail", "why"), ("rung_reason", "rung_why"), ("words", "why"), ("because", "why"),
            ("band_reason", "band_why"), ("reason", "why"),
        ):  # fmt: skip
            is_code = english == "reason" and value.get("reason") in set(Reason)
            if value.get(english) and not is_code and not value.get(coded):
                yield value
        if len(value.get("reasons", [])) != len(value.get("why") or []) and "item_id" in value:
            yield value
        for one in value.values():
            yield from _bare(one)
    elif isinstance(value, list):
        for one in value:
            yield from _bare(one)


MADE = {"Step": 2, "RiskReason": 1, "RankedArm": 6, "Climb": 2}


@pytest.mark.parametrize(
    "file", sorted((ROOT / "recsys").rglob("*.py")), ids=lambda file: file.stem
)
def test_no_text_of_a_reason_stands_in_the_code(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MADE:
            place = MADE[node.func.id]  # type: ignore[attr-defined]
            given = [*node.args[place : place + 1]]
            given += [k.value for k in node.keywords if k.arg in {"reason", "because", "detail"}]
            assert not any(map(_is_text, given)), ast.unparse(node)
        says = isinstance(node, ast.FunctionDef) and node.name in {"because", "declines", "told"}
        if says and file.parent.name in {"items", "channel", "churn", "value"}:
            returned = [one.value for one in ast.walk(node) if isinstance(one, ast.Return)]
            assert not any(map(_is_text, returned)), ast.unparse(node)


def _is_text(node: Any) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != ""
    )


def test_english_fields_stay_english_and_the_text_is_the_readers(shared_api: Api) -> None:
    english = shared_api.client.get("/v1/users/u03").json()
    german = shared_api.client.get("/v1/users/u03", headers={"Accept-Language": "de-AT"}).json()
    assert [s["detail"] for s in german["trail"]] == [s["detail"] for s in english["trail"]]
    assert english["rung_reason"] == german["rung_reason"]
    assert german["rung_why"]["text"] != english["rung_why"]["text"] == english["rung_reason"]
    codes = [[one["code"] for one in whys(answer)] for answer in (english, german)]
    assert codes[0] == codes[1]
    assert {step["rung"] for step in english["trail"]} <= set(RungName)


def test_two_languages_share_no_cached_answer(shared_api: Api) -> None:
    client, path = shared_api.client, "/v1/placements/default/items"
    english = client.get(path)
    german = client.get(path, headers={"Accept-Language": "de"})
    assert english.headers["vary"] == german.headers["vary"] == "Origin, Accept-Language"
    assert english.headers["etag"] != german.headers["etag"]
    ours = {"If-None-Match": english.headers["etag"]}
    assert client.get(path, headers=ours).status_code == 304
    assert client.get(path, headers={**ours, "Accept-Language": "de"}).status_code == 200
    said = client.get(f"{path}?lang=de", headers={"Accept-Language": "en"})
    assert (said.headers["vary"], said.json()["items"]) == ("Origin", german.json()["items"])


def test_a_list_of_a_segment_that_caches_keep_says_that_it_hangs_on_the_language(
    shared_api: Api,
) -> None:
    name = shared_api.client.get("/v1/segments").json()["items"][0]["name"]
    path = f"/v1/segments/{name}/recommendations"
    response = shared_api.client.get(path, headers={"Accept-Language": "de"})
    assert "Accept-Language" in response.headers["vary"]
    assert "vary" not in shared_api.client.get(f"{path}?lang=de").headers


def test_what_is_kept_for_one_reader_is_not_handed_to_another(api: Api) -> None:
    url = "/v1/users/u03/recommendations"
    texts = []
    for _ in range(2):
        for header in ("", "de", "fr", "de;q=0.9"):
            answer = api.client.get(url, headers={"Accept-Language": header}).json()
            texts.append(answer["rung_why"]["text"])
    assert texts[:4] == texts[4:]
    assert texts[0] == texts[2] != texts[1] == texts[3]


@pytest.fixture
def keeping(world: World) -> Iterator[Api]:
    """An API that keeps what users say of their language."""
    privacy = world.config.privacy.model_copy(update={"kept_traits": ("locale",)})
    config = world.config.model_copy(update={"privacy": privacy})
    yield from running(replace(world, config=config))


def test_the_users_own_language_comes_before_the_requests(keeping: Api) -> None:
    api = keeping
    said = {"type": "identify", "userId": "u05", "traits": {"locale": "de-AT"}}
    assert api.client.post("/v1/events", json=said).json()["accepted"] == 1
    told = api.client.get("/v1/users/u05/churn", headers={"Accept-Language": "en"}).json()["churn"]
    assert told["rung_why"]["text"] != told["rung_reason"]
    english = api.client.get("/v1/users/u05/churn?lang=en").json()["churn"]
    assert english["rung_why"]["text"] == english["rung_reason"]


def test_a_logged_decision_is_told_in_the_language_of_who_asks_again(api: Api) -> None:
    url = "/v1/users/u03/channel?decision=d-1"
    english = api.client.get(url).json()["channel"]
    german = api.client.get(url, headers={"Accept-Language": "de"}).json()["channel"]
    assert german["rung_why"]["code"] == english["rung_why"]["code"]
    assert german["rung_why"]["text"] != english["rung_why"]["text"]
    assert api.client.get(url).json()["channel"] == english


def test_a_batch_is_told_in_the_language_of_its_body_or_header(shared_api: Api) -> None:
    body = {"user_ids": ["u03"]}
    for more, headers in (({"lang": "de"}, {}), ({}, {"Accept-Language": "de"})):
        response = shared_api.client.post(
            "/v1/recommendations:batch", json={**body, **more}, headers=headers
        )
        (answer,) = response.json()["answers"]
        assert answer["rung_why"]["text"] != answer["rung_reason"]
