"""The way of answers about a user, and of events, past the framework.

The framework's own work for a request (matching, exit stacks, a response object) costs about as
much as the answer itself. The same endpoints are routes of the framework as well, for what it says
of methods that are not allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

    from api.web.route import Endpoint

PREFIX = "/v1/users/"


class FastPath:
    """Knows the endpoints of what is hot.

    Parameters
    ----------
    users : mapping of str to Endpoint
        Of questions about a user, by the last part of the path; empty for everything.
    posts : mapping of str to Endpoint
        Of what is posted, by path.
    """

    def __init__(self, *, users: Mapping[str, Endpoint], posts: Mapping[str, Endpoint]) -> None:
        self._users = users
        self._posts = posts

    def endpoint(self, scope: Scope) -> Endpoint | None:
        """Return what answers a request; None: the framework finds it."""
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
