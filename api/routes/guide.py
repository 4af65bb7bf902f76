"""The guides as pages: served by the service itself, with nothing from outside."""

from __future__ import annotations

from functools import cache
from html import escape

from starlette.exceptions import HTTPException
from starlette.responses import Response

from api import guide
from api.web.route import Call, Route, route

PATH = "/guide"
HEADERS = {
    "Cache-Control": "public, max-age=300",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · recsys</title>
<link rel="stylesheet" href="{root}/guide/style.css">
</head>
<body>
<nav aria-label="Guides">{menu}</nav>
<main>
{body}</main>
</body>
</html>
"""


@route(f"GET {PATH}", runs="thread")
def contents(_: object, call: Call) -> Response:
    """Return the page that leads to the others."""
    return _page("index", call.scope.get("root_path", ""))


@route(f"GET {PATH}/style.css", runs="thread")
def style(_: object, __: Call) -> Response:
    """Return what pages look like."""
    css = (guide.FOLDER / "style.css").read_text(encoding="utf-8")
    return Response(css, media_type="text/css", headers=HEADERS)


@route(f"GET {PATH}/images/{{name}}", runs="thread")
def image(_: object, call: Call) -> Response:
    """Return one of the pictures in the guides."""
    if call.id not in guide.images():
        raise HTTPException(404)
    body = (guide.FOLDER / "images" / call.id).read_bytes()
    return Response(body, media_type="image/png", headers=HEADERS)


@route(f"GET {PATH}/{{name}}", runs="thread")
def page(_: object, call: Call) -> Response:
    """Return one guide."""
    if call.id not in guide.PAGES:
        raise HTTPException(404)
    return _page(call.id, call.scope.get("root_path", ""))


ROUTES: tuple[Route, ...] = (contents, style, image, page)


def _page(name: str, root: str) -> Response:
    return Response(_html_of(name, root), media_type="text/html", headers=HEADERS)


@cache
def _html_of(name: str, root: str) -> str:
    return _PAGE.format(
        title=escape(guide.PAGES.get(name, "Guide")),
        root=escape(root),
        menu=_menu(name, escape(root)),
        body=_html(guide.markdown(name), root),
    )


def _html(text: str, root: str) -> str:
    """Return a guide as HTML; its links to other guides, written as files, become addresses."""
    # Most workers never show a guide.
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark").enable("table")
    tokens = reader.parse(text)
    for token in tokens:
        for part in token.children or ():
            if part.type == "link_open":
                target = str(part.attrs["href"])
                place = f"{PATH}/{target.replace('.md', '')}" if ".md" in target else target
                part.attrs["href"] = f"{root}{place}"
            elif part.type == "image":
                part.attrs["src"] = f"{root}{PATH}/{part.attrs['src']}"
    html: str = reader.renderer.render(tokens, reader.options, {})
    return html


def _menu(current: str, root: str) -> str:
    def link(name: str, word: str, target: str) -> str:
        here = ' aria-current="page"' if name == current else ""
        return f'<a href="{root}{target}"{here}>{word}</a>'

    pages = [link(name, word, f"{PATH}/{name}") for name, word in guide.PAGES.items()]
    return "".join((link("index", "Guide", PATH), *pages, link("", "API", "/docs")))
