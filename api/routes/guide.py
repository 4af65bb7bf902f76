"""The guides as pages: served by the service itself, with nothing from outside."""

from __future__ import annotations

from functools import cache
from html import escape

from fastapi import FastAPI, Request, Response
from markdown_it import MarkdownIt
from starlette.exceptions import HTTPException

from api import guide

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


def register(app: FastAPI) -> None:
    """Add the pages, the contents first, and their style sheet."""

    async def contents(request: Request) -> Response:
        return _page("index", request.scope.get("root_path", ""))

    async def page(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in guide.PAGES:
            raise HTTPException(404)
        return _page(name, request.scope.get("root_path", ""))

    async def style(_: Request) -> Response:
        css = (guide.FOLDER / "style.css").read_text(encoding="utf-8")
        return Response(css, media_type="text/css", headers=HEADERS)

    app.add_route(PATH, contents, include_in_schema=False)
    app.add_route(f"{PATH}/style.css", style, include_in_schema=False)
    app.add_route(f"{PATH}/{{name}}", page, include_in_schema=False)


@cache
def _page(name: str, root: str) -> Response:
    html = _PAGE.format(
        title=escape(guide.PAGES.get(name, "Guide")),
        root=escape(root),
        menu=_menu(name, escape(root)),
        body=_html(guide.markdown(name), root),
    )
    return Response(html, media_type="text/html", headers=HEADERS)


def _html(text: str, root: str) -> str:
    """Return a guide as HTML; its links to other guides, written as files, become addresses."""
    reader = MarkdownIt("commonmark").enable("table")
    tokens = reader.parse(text)
    for token in tokens:
        for part in token.children or ():
            if part.type == "link_open":
                target = str(part.attrs["href"])
                place = f"{PATH}/{target.replace('.md', '')}" if ".md" in target else target
                part.attrs["href"] = f"{root}{place}"
    html: str = reader.renderer.render(tokens, reader.options, {})
    return html


def _menu(current: str, root: str) -> str:
    def link(name: str, word: str, target: str) -> str:
        here = ' aria-current="page"' if name == current else ""
        return f'<a href="{root}{target}"{here}>{word}</a>'

    pages = [link(name, word, f"{PATH}/{name}") for name, word in guide.PAGES.items()]
    return "".join((link("index", "Guide", PATH), *pages, link("", "API", "/docs")))
