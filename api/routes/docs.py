"""The page that shows what the API takes and answers. Its files come along: it works offline."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

from api.web.route import Call, Route, route

ASSETS = frozenset({"swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"})

# A description is not sent to a validator elsewhere.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>recsys</title>
<link rel="stylesheet" href="{root}/docs/assets/swagger-ui.css">
<link rel="icon" href="{root}/docs/assets/favicon.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{root}/docs/assets/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({{url: "{root}/openapi.json", dom_id: "#swagger-ui", validatorUrl: null}})
</script>
</body>
</html>
"""


@route("GET /docs", runs="thread")
def page(_: object, call: Call) -> Response:
    """Return the page."""
    return HTMLResponse(_PAGE.format(root=call.scope.get("root_path", "")))


@route("GET /docs/assets/{name}", runs="thread")
def asset(_: object, call: Call) -> Response:
    """Return one of the files that the page is made of."""
    if call.id not in ASSETS:
        raise HTTPException(404)
    return FileResponse(_files() / call.id)


ROUTES: tuple[Route, ...] = (page, asset)


def _files() -> Path:
    # Found without being loaded: of the package only its files are wanted.
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("fastapi-offline is not installed: run `make install`")
    return Path(found.origin).parent / "static"
