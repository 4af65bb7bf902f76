"""Pages: the templates, the words in every language, the files, and what may be done."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import time
from dataclasses import replace
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from api.console import formats, render, site
from api.console.assets import assets
from api.console.formats import LANGUAGES, Formats
from api.console.pages import PAGES
from api.model import languages
from recsys.data.person import PersonKind
from recsys.evaluation.estimate import Estimate
from recsys.ladder import KindVerdict, Question, RungName, Standing, Verdict
from recsys.storage.access import audit
from recsys.storage.access.accounts import Role
from recsys.storage.models.store import ModelStore
from tests.api.conftest import Api
from tests.api.console.conftest import Enter

TEMPLATES = sorted(render.FOLDER.glob("*.html"))
ROOT = render.FOLDER.parent
STATES = {
    "person": "?id=u03", "item": "?id=i03", "segments": "?segment=rfm:loyal&times=2",
    "placements": "?placement=default",
    "experiments": "?tries=items&name=few&other=popular&kind=purchase",
}  # fmt: skip


def texts_of_the_code() -> set[str]:
    options = {"extensions": "jinja2.ext.do", "trim_blocks": "true", "silent": "false"}
    found = extract_from_dir(
        ROOT,
        method_map=[("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")],
        options_map={"templates/**.html": options},
        keywords={"N_": None, "_": None, "gettext": None},
    )
    return {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_every_text_is_translated_and_keeps_its_figures(language: str) -> None:
    with (formats.FOLDER / f"{language}.po").open("rb") as lines:
        catalogue = read_po(lines, locale=language)
    said = {str(one.id): str(one.string) for one in catalogue if one.id}
    assert set(said) == texts_of_the_code()
    for text, told in said.items():
        assert told, text
        names = [sorted(re.findall(r"%\(\w+\)s|%%", one)) for one in (text, told)]
        assert names[0] == names[1], text


class Pseudo(NullTranslations):
    """A language in which every text says that it was translated."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, n: int) -> str:
        return self.gettext(one if n == 1 else many)


class Plain(HTMLParser):
    """Texts that are not data and were not translated."""

    VOID = frozenset({"meta", "link", "input", "br", "img"})
    NO_TEXT = frozenset({"script", "style", "data", "svg", "title"})

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[bool] = [False]
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            is_data = tag in self.NO_TEXT or ("translate", "no") in attrs
            self.stack.append(self.stack[-1] or is_data)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        letters = re.sub(r"⟦[^⟦⟧]*⟧", "", data)
        while letters != (letters := re.sub(r"⟦[^⟦⟧]*⟧", "", letters)):
            pass
        if not self.stack[-1] and re.search(r"[A-Za-z]{2}", letters):
            self.found.append(data.strip())


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_hard_coded(name: str, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    pseudo = Formats("en", "UTC", "", texts=Pseudo())
    monkeypatch.setattr(site, "formats_of", lambda *_: pseudo)
    monkeypatch.setattr(languages, "texts", lambda _: Pseudo())
    # Reasons in English are said as the code has them, and in German by the catalogue.
    german = {"Accept-Language": "de"}
    page = enter(Role.ADMIN).get(f"/console/{name}{STATES.get(name, '')}", headers=german)
    assert page.status_code == 200
    plain = Plain()
    plain.feed(page.text)
    dates = re.compile(r"^\W*\d+.*(AM|PM|ago|in \d+|\d{4})\W*$|^[A-Z][a-z]{2} \d+, \d{4}$")
    assert [one for one in plain.found if not dates.match(one)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_lets_a_text_be_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for banned in ("|safe", "hx-on", "js:", " style=", "onclick", "javascript:", "http://"):
        assert banned not in text
    for trigger in re.findall(r'hx-trigger="([^"]*)"', text):
        assert "[" not in trigger


def test_files_are_kept_for_good_under_their_hash_and_say_their_licence(enter: Enter) -> None:
    viewer = enter(Role.VIEWER)
    for name, asset in assets().items():
        answer = viewer.get(f"/console/static/{name}")
        assert answer.content == asset.body
        assert "immutable" in answer.headers["cache-control"]
    names = " ".join(assets())
    assert "htmx-LICENSE" in names
    assert "uplot-LICENSE" in names
    css = next(asset for name, asset in assets().items() if name.startswith("console."))
    assert len(gzip.compress(css.body)) <= 8_000


def test_home_is_small(enter: Enter) -> None:
    page = enter(Role.VIEWER).get("/console").text
    names = re.findall(r"/console/static/([^\"]+)", page)
    bodies = [page.encode(), *(assets()[name].body for name in set(names))]
    assert sum(len(gzip.compress(body)) for body in bodies) <= 60_000


@pytest.mark.parametrize("name", PAGES)
def test_every_table_is_there_as_csv_and_json(name: str, enter: Enter) -> None:
    admin, state = enter(Role.ADMIN), STATES.get(name, "")
    page = admin.get(f"/console/{name}{state}").text
    files = set(re.findall(rf"/console/{name}/(\w+)\.csv", page))
    for table in files:
        rows = list(csv.reader(io.StringIO(admin.get(f"/console/{name}/{table}.csv{state}").text)))
        told = admin.get(f"/console/{name}/{table}.json{state}").json()
        assert len(rows) - 1 == len(told)
    assert admin.get(f"/console/{name}/nothing.csv{state}").status_code in {404, 422}


def test_figures_over_the_whole_store_are_counted_behind_the_page(enter: Enter) -> None:
    viewer = enter(Role.VIEWER)
    assert "Being counted for the first time" in viewer.get("/console/data").text
    deadline = time.monotonic() + 20
    while not (kinds := viewer.get("/console/data/kinds.json").json()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert {kind["kind"] for kind in kinds} >= {"purchase", "view", "message_sent"}
    consents = viewer.get("/console/data/consents.json").json()
    assert consents[0]["denied"] == 1
    assert consents[1]["granted"] == 32


def test_a_name_that_is_mapped_is_understood_in_the_next_batch(api: Api, enter: Enter) -> None:
    event = {"user_id": "u03", "item_id": "i03", "event": "Kauf"}
    assert api.client.post("/v1/events", json=event).status_code == 422
    analyst = enter(Role.ANALYST)
    assert "Kauf" in analyst.get("/console/data").text
    assert enter(Role.MARKETER).post("/console/data/call").status_code == 403
    analyst.post("/console/data/call", data={"event": "Kauf", "kind": "purchase"})
    assert api.client.post("/v1/events", json=event).json()["accepted"] == 1
    analyst.post("/console/data/forget", data={"event": "Kauf"})
    assert api.client.post("/v1/events", json=event).status_code == 422


def test_a_version_is_promoted_by_its_name_and_with_a_reason(api: Api, enter: Enter) -> None:
    version = str(api.service.current.version)
    path = f"/console/versions/promote?version={version}"
    analyst = enter(Role.ANALYST)
    assert analyst.post(path, data={"name": "x", "why": "y"}).status_code == 422
    assert analyst.post(path, data={"name": version, "why": ""}).status_code == 422
    assert enter(Role.MARKETER).post(path, data={"name": version, "why": "y"}).status_code == 403
    told = {"name": version, "why": "spring"}
    assert analyst.post(path, data=told, follow_redirects=False).status_code == 303
    store = ModelStore.of(api.config.storage)
    assert store.history()[-1].why == "spring (analyst)"
    store.refuse(version, why="worse", at=1)
    assert analyst.post(path, data=told).status_code == 403
    assert enter(Role.ADMIN).post(path, data=told, follow_redirects=False).status_code == 303
    (first, *_) = audit.entries(api.service.log.database)
    assert (first.actor, first.action, first.subject) == ("console (analyst)", "promoted", version)


def test_an_audience_is_counted_as_the_api_counts_it_and_exported(api: Api, enter: Enter) -> None:
    rule = {"event": "purchase", "count": {"gte": 1}, "within_days": 365}
    told = api.client.post("/v1/audiences:preview", json={"rule": rule, "channel": "email"}).json()
    path = "segments?times=1&days=365&channel=email&kind=purchase"
    marketer = enter(Role.MARKETER)
    assert f'value="{told["reachable"]}"' in marketer.get(f"/console/{path}&all=1").text
    export = path.replace("?", "/export?")
    assert enter(Role.VIEWER).post(f"/console/{export}").status_code == 403
    rows = list(csv.DictReader(io.StringIO(marketer.post(f"/console/{export}").text)))
    assert len(rows) == told["reachable"]


def test_a_placement_is_tried_and_saved(api: Api, enter: Enter) -> None:
    marketer = enter(Role.MARKETER)
    draft = json.dumps({"source": "popular", "limit": 3})
    tried = marketer.get("/console/placements", params={"placement": "default", "draft": draft})
    assert "as tried" in tried.text
    broken = {"placement": "default", "draft": '{"limit": 0}'}
    assert marketer.get("/console/placements", params=broken).status_code == 422
    path = "/console/placements/save?placement=default"
    assert marketer.post(path, data={"draft": draft}, follow_redirects=False).status_code == 303
    assert api.client.get("/v1/placements/default").json()["rules"]["source"] == "popular"


def test_few_people_are_not_told(enter: Enter) -> None:
    rows = enter(Role.VIEWER).get("/console/segments/segments.json").json()
    assert all(row["users"] is None or row["users"] == 0 or row["users"] >= 20 for row in rows)


def test_only_an_admin_sees_who_did_what(enter: Enter) -> None:
    assert "Who did what" in enter(Role.ADMIN).get("/console/operations").text
    assert "Who did what" not in enter(Role.ANALYST).get("/console/operations").text


def test_the_ladder_says_who_gets_a_rung(api: Api, enter: Enter) -> None:
    viewer, current = enter(Role.VIEWER), api.service.current
    assert "tells no kinds of people apart" in viewer.get("/console/ladder").text
    answering = current.serving.answering
    half = KindVerdict(RungName.POPULAR, None, 0.9, Standing.TRIAL, "likely better")
    verdicts = {question: dict(each) for question, each in answering.manifest.verdicts.items()}
    own = verdicts[Question.ITEMS][RungName.SEGMENT]
    own = replace(own, by_kind={PersonKind.NEW: half})
    verdicts[Question.ITEMS][RungName.SEGMENT] = own
    manifest = replace(answering.manifest, verdicts=verdicts)
    current.swap(replace(current.serving, answering=replace(answering, manifest=manifest)))
    page = viewer.get("/console/ladder").text
    assert all(word in page for word in ("new, nothing known", "on trial: a half", "90%"))


def test_a_german_page_says_why_a_rung_is_not_shipped_in_german(api: Api, enter: Enter) -> None:
    current = api.service.current
    answering = current.serving.answering
    unclear = Verdict.on(
        RungName.HYPER, RungName.ONE_TO_ONE, "NDCG@20", Estimate(0.02, -0.01, 0.05, 100)
    )
    verdicts = {question: dict(each) for question, each in answering.manifest.verdicts.items()}
    verdicts[Question.ITEMS][RungName.HYPER] = unclear
    manifest = replace(answering.manifest, verdicts=verdicts)
    current.swap(replace(current.serving, answering=replace(answering, manifest=manifest)))
    german = {"Accept-Language": "de"}
    page = enter(Role.VIEWER).get("/console/ladder", headers=german).text
    assert "nicht klar besser als 1:1: +0,0200 [-0,0100; +0,0500] über 100 Personen" in page


def test_nothing_is_called_absent_before_it_was_counted(enter: Enter) -> None:
    page = enter(Role.VIEWER).get("/console/channels").text
    assert "No message is stored" not in page
    assert "Being counted" in page
