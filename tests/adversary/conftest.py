"""The API that the other side attacks."""

from tests.api.conftest import api, shared_api

__all__ = ["api", "shared_api"]
