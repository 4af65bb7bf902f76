"""The way of answers about a user, and of events, past the framework.

The framework's own work for a request (matching, exit stacks, a response object) costs about as
much as the answer itself. The same endpoints are routes of the framework as well, for what it says
of methods that are not allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/v1/users/"


class FastPath:
    """Passes what is hot to its endpoint, and the rest to the framework.

    Parameters
    ----------
    app : ASGIApp
        The framework.
    users : mapping of str to ASGIApp
        Endpoints of questions about a user, by the last part of the path; empty for everything.
    posts : mapping of str to ASGIApp
        Endpoints of what is posted, by path.
    """

    def __init__(
        self, app: ASGIApp, *, users: Mapping[str, ASGIApp], posts: Mapping[str, ASGIApp]
    ) -> None:
        self._app = app
        self._users = users
        self._posts = posts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        await (self._hot(scope) or self._app)(scope, receive, send)

    def _hot(self, scope: Scope) -> ASGIApp | None:
        path: str = scope["path"]
        if scope["method"] == "POST":
            return self._posts.get(path)
        if scope["method"] != "GET" or not path.startswith(PREFIX):
            return None
        user_id, slash, question = path[len(PREFIX) :].rpartition("/")
        if not slash:
            user_id, question = question, ""
        scope["path_params"] = {"user_id": user_id}
        return self._users.get(question)
