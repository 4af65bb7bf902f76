"""The page that shows what the API takes and answers. Its files come along: it works offline."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.staticfiles import StaticFiles

PATH = "/docs"
ASSETS = f"{PATH}/assets"


def register(app: FastAPI) -> None:
    """Add the page, and the files that it is made of."""

    async def page(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=app.title,
            swagger_js_url=f"{root}{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{root}{ASSETS}/favicon.png",
            # Else a description is sent to a validator elsewhere.
            swagger_ui_parameters={"validatorUrl": None},
        )

    app.mount(ASSETS, StaticFiles(directory=_files()))
    app.add_route(PATH, page, include_in_schema=False)


def _files() -> Path:
    # Found without being loaded: of the package only its files are wanted.
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("fastapi-offline is not installed: run `make install`")
    return Path(found.origin).parent / "static"
