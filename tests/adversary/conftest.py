"""The API that the other side attacks."""

from tests.api.conftest import api

__all__ = ["api"]
