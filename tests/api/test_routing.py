"""Which route serves a path: the first of all that matches, however it is looked for."""

from __future__ import annotations

import re

import pytest
from starlette.exceptions import HTTPException

from api.app import ROUTES
from api.web.route import BuiltRoute
from tests.api.conftest import Api

NAMES = ("u03", "a/b", "recommendations", "x:batch", "ä", "a.json")
PATHS = sorted(
    {re.sub(r"{[^}]*}", name, one.path) for one in ROUTES for name in NAMES}
    | {"/", "", "/v1", "/v1/", "/v1/users", "/v1/users/", "/nothing", "/v1/nothing/at/all"}
)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_the_first_route_that_matches_serves(shared_api: Api, method: str) -> None:
    built = [BuiltRoute(one) for one in ROUTES if one.method == method]
    around = shared_api.client.app._around  # type: ignore[attr-defined]
    for path in PATHS:
        matches = ((one, one.pattern.fullmatch(path)) for one in built)
        first, match = next((both for both in matches if both[1]), (None, None))
        if first is None or match is None:
            with pytest.raises(HTTPException):
                around._found(method, path)
        else:
            found, name = around._found(method, path)
            assert (found.template, name) == (first.template, "".join(match.groups())), path
