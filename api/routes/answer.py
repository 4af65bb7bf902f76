"""Responses with JSON bytes made by hand."""

from __future__ import annotations

from fastapi import Response

PRIVATE = {"Cache-Control": "private, no-store"}
SHARED = {"Cache-Control": "public, max-age=60"}
FRESH = {"Cache-Control": "no-store"}


class Answer(Response):
    """A JSON object that is already bytes."""

    media_type = "application/json"
