"""From a request to a page: who asks, whether they may, what they see."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from api.console.access import Door, cookies, now
from api.console.assets import FOREVER, assets
from api.console.counting import Counting
from api.console.formats import LANGUAGES, Formats
from api.console.pages import PAGES
from api.console.render import formats_of, render
from api.console.visit import Page, View, Visit
from api.model import languages
from api.requests.body import read_form
from api.web.problems import status_of
from api.web.response import PRIVATE
from recsys.errors import RecsysError
from recsys.storage.access import accounts
from recsys.storage.access.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

    from api.service import Service
    from api.web.route import Call

LOOK = "recsys-look"
SWITCH_SECONDS = 0.0005
"""For so long a thread that makes a page may keep others from the interpreter."""
THEMES = ("auto", "light", "dark")
HEADERS = {
    "Cache-Control": PRIVATE,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Cookie, Accept-Language",
}
_FILES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_YEAR = 31_536_000


class Site:
    """The console of one worker.

    Parameters
    ----------
    service : Service
        What its pages stand on.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._door = Door(service.log.database, service.config.serving)
        self._counting = Counting(service)
        # Pages are made in threads beside what serves, which is to wait for them no longer.
        sys.setswitchinterval(SWITCH_SECONDS)

    def close(self) -> None:
        """Wait for what runs in the background."""
        self._counting.close()

    async def answer(self, call: Call, address: str) -> Response:
        """Answer a request; `address` is who sends it.

        Raises
        ------
        HTTPException
            There is no such page, or no account at all: then there is no console.
        RecsysError
            It is refused.
        """
        form: dict[str, str] = {}
        if call.scope["method"] == "POST":
            self._door.refuse_foreign(call.scope)
            form = await read_form(call.scope, call.receive, self._service.config.serving)
        respond = partial(self._answered, call.scope, call.id, form, address)
        answer = await asyncio.to_thread(respond)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    def _answered(self, scope: Scope, path: str, form: Mapping[str, str], address: str) -> Response:
        if not accounts.there_is_one(self._service.log.database):
            raise HTTPException(404)
        if path.startswith("static/"):
            return _asset(path.removeprefix("static/"))
        if scope["method"] == "POST" and path == "look":
            return _look(scope, form)
        if path in {"login", "enter", "logout"}:
            return self._door_answers(scope, path, form, address)
        who = self._door.session(scope)
        if who is None:
            return self._to_login(scope, path)
        return self._page(scope, path, form, who)

    def _door_answers(
        self, scope: Scope, path: str, form: Mapping[str, str], address: str
    ) -> Response:
        """Answer what needs no session: signing in, by password or by link, and out."""
        said, root = _said(scope), scope.get("root_path", "")
        if scope["method"] != "POST":
            return self._plain(scope, f"{'login' if path == 'logout' else path}.html", said)
        if path == "logout":
            return self._door.leave(scope, RedirectResponse(f"{root}/console/login", 303))
        try:
            name = self._entering(scope, path, form, address)
        except RecsysError as error:
            status = status_of(type(error))
            return self._plain(scope, f"{path}.html", said, status=status, error=str(error))
        if not name:
            wrong = HTTPStatus.FORBIDDEN
            return self._plain(scope, f"{path}.html", said, status=wrong, failed=True)
        return self._door.enter(scope, name, RedirectResponse(_next(said, root), 303))

    def _entering(self, scope: Scope, path: str, form: Mapping[str, str], address: str) -> str:
        """Return whom a link or a password lets in; empty for nobody."""
        if path == "enter":
            database = self._service.log.database
            return accounts.follow(database, form.get("secret", ""), at=now())
        name = form.get("name", "").strip()
        password = form.get("password", "")
        return name if self._door.signed_in(scope, address, name, password) else ""

    def _page(self, scope: Scope, path: str, form: Mapping[str, str], who: Session) -> Response:
        first, _, rest = path.partition("/")
        page = PAGES.get(first or "home")
        if page is None:
            return self._error(scope, who, None, HTTPException(404))
        at = self._service.clock()
        visit = Visit(
            self._service, who, _said(scope), form, at,
            self._counting.latest(at=at), scope.get("root_path", ""), _looks(scope)[1],
        )  # fmt: skip
        try:
            return self._shown(scope, page, rest, visit)
        except RecsysError as error:
            return self._error(scope, who, page, error)
        except HTTPException as error:
            return self._error(scope, who, page, error)

    def _shown(self, scope: Scope, page: Page, rest: str, visit: Visit) -> Response:
        if not visit.may(page.role):
            raise HTTPException(403)
        if scope["method"] == "POST":
            return _acted(page, rest, visit)
        view = page.show(visit)
        if rest:
            return _file(view, rest)
        facts = {
            **self._frame(scope, visit.who, page),
            **view.facts,
            "visit": visit,
            "tables": {table.name: table for table in view.tables},
        }
        return _html(render(self._formats(scope), page.template, facts))

    def _error(
        self, scope: Scope, who: Session, page: Page | None, error: RecsysError | HTTPException
    ) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else status_of(type(error))
        facts = {
            **self._frame(scope, who, page),
            "status": int(status),
            "error": "" if isinstance(error, HTTPException) else str(error),
        }
        return _html(render(self._formats(scope), "error.html", facts), status)

    def _plain(
        self, scope: Scope, template: str, said: Mapping[str, str],
        *, status: int = 200, failed: bool = False, error: str = "",
    ) -> Response:  # fmt: skip
        facts = {**self._frame(scope, None, None), "said": said, "failed": failed, "error": error}
        return _html(render(self._formats(scope), template, facts), status)

    def _frame(self, scope: Scope, who: Session | None, page: Page | None) -> dict[str, Any]:
        """Return what is around every page."""
        current = self._service.current
        manifest = current.serving.answering.manifest if current.version else None
        said = {name: value for name, value in _said(scope).items() if value}
        return {
            "root": scope.get("root_path", ""),
            "who": who,
            "page": page,
            "pages": [one for one in PAGES.values() if who and who.role.may(one.role)],
            "theme": _looks(scope)[0],
            "languages": LANGUAGES,
            "here": _here(scope),
            "query": urlencode(said),
            "version": current.version,
            "simulated": manifest.simulated if manifest else (),
            "now": self._service.clock(),
        }

    def _formats(self, scope: Scope) -> Formats:
        config = self._service.config
        language = _looks(scope)[1]
        return formats_of(language, config.data.timezone, config.channels.currency)

    def _to_login(self, scope: Scope, path: str) -> Response:
        root, query = scope.get("root_path", ""), scope["query_string"].decode("latin-1")
        wanted = f"/console/{path}{'?' if query else ''}{query}" if path else ""
        there = f"?{urlencode({'next': wanted})}" if wanted else ""
        return RedirectResponse(f"{root}/console/login{there}", 303)


def _acted(page: Page, act: str, visit: Visit) -> Response:
    if act not in page.acts:
        raise HTTPException(404)
    role, do = page.acts[act]
    if not visit.may(role):
        raise HTTPException(403)
    return do(visit)


def _file(view: View, rest: str) -> Response:
    name, _, form = rest.rpartition(".")
    if form not in _FILES:
        raise HTTPException(404)
    table = view.table(name)
    body = table.csv() if form == "csv" else table.json()
    headers = {"Content-Disposition": f'attachment; filename="{table.name}.{form}"'}
    return Response(body, media_type=_FILES[form], headers=headers if form == "csv" else None)


def _asset(name: str) -> Response:
    asset = assets().get(name)
    if asset is None:
        raise HTTPException(404)
    return Response(asset.body, media_type=asset.media, headers={"Cache-Control": FOREVER})


def _html(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="text/html")


def _said(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def _here(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}{'?' if query else ''}{query}"


def _next(said: Mapping[str, str], root: str) -> str:
    """Return where signing in leads: to a page of the console, never elsewhere."""
    wanted = said.get("next", "")
    inside = wanted.startswith("/console/") and "\\" not in wanted and "//" not in wanted
    return f"{root}{wanted if inside else '/console'}"


def _look(scope: Scope, form: Mapping[str, str]) -> Response:
    """Keep how pages look, in a cookie, and go back."""
    theme, language = _looks(scope)
    theme = form["theme"] if form.get("theme") in THEMES else theme
    language = form["language"] if form.get("language") in LANGUAGES else language
    root = scope.get("root_path", "")
    answer = RedirectResponse(_next({"next": form.get("next", "").removeprefix(root)}, root), 303)
    answer.set_cookie(
        LOOK, f"{theme}.{language}", max_age=_YEAR, path=f"{root}/console", samesite="lax",
        httponly=True, secure=scope["scheme"] == "https",
    )  # fmt: skip
    return answer


def _looks(scope: Scope) -> tuple[str, str]:
    """Return theme and language: as chosen, else as the browser asks."""
    theme, _, language = cookies(scope).get(LOOK, "").partition(".")
    if language not in LANGUAGES:
        accepted = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
        language = languages.wanted(accepted, LANGUAGES)
    return (theme if theme in THEMES else "auto"), language
