"""What pages load: the script by its hash and by a short name, and a shop that shows it at work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.browser import script
from api.browser.script import FOLDER
from api.web.route import Call, Route, route

if TYPE_CHECKING:
    from api.service import Service

_FOREVER = "public, max-age=31536000, immutable"
_AN_HOUR = "public, max-age=3600"
_JAVASCRIPT = "text/javascript"
# A script is public: pages of any origin load it, and check its hash.
_FOR_ALL = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
_DEMO = {
    "demo.html": "text/html",
    "demo.css": "text/css",
    "demo.js": _JAVASCRIPT,
}
_STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@route("GET /recsys.js", right=None)
def latest(_: Service, __: Call) -> Response:
    """Return the script under its short name, which a page may use for good."""
    headers = {**_FOR_ALL, "Cache-Control": _AN_HOUR}
    return Response(script.script().text, media_type=_JAVASCRIPT, headers=headers)


@route("GET /recsys.{hash}.js", right=None)
def pinned(_: Service, call: Call) -> Response:
    """Return the script of one hash: what this address holds never changes."""
    found = script.script()
    if f"recsys.{call.id}.js" != found.name:
        raise HTTPException(404)
    headers = {**_FOR_ALL, "Cache-Control": _FOREVER}
    return Response(found.text, media_type=_JAVASCRIPT, headers=headers)


@route("GET /recsys.d.ts", right=None)
def types(_: Service, __: Call) -> Response:
    """Return the types of the script."""
    headers = {**_FOR_ALL, "Cache-Control": _AN_HOUR}
    return Response(script.types(), media_type="text/plain; charset=utf-8", headers=headers)


@route("GET /demo", browser=True)
def demo(_: Service, __: Call) -> Response:
    """Show a shop that shows the script at work."""
    return _file("demo.html")


@route("GET /demo/{name}", right=None)
def asset(_: Service, call: Call) -> Response:
    """Return one of the files that the shop is made of."""
    if call.id == "loader.js":
        text = script.loader("/recsys.js")
        return Response(text, media_type=_JAVASCRIPT, headers={"Cache-Control": _AN_HOUR})
    if call.id not in _DEMO or call.id == "demo.html":
        raise HTTPException(404)
    return _file(call.id)


ROUTES: tuple[Route, ...] = (latest, pinned, types, demo, asset)


def _file(name: str) -> Response:
    body = Path(FOLDER / name).read_bytes()
    headers = {"Content-Security-Policy": _STRICT, "Cache-Control": "no-store"}
    return Response(body, media_type=_DEMO[name], headers=headers)
