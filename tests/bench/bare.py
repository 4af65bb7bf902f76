"""The floor: a FastAPI route that returns the bytes of a file, read once."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import FastAPI, Response

BODY = "BENCH_BODY"


def create_app() -> FastAPI:
    """Return an app with one route, the body of which is the file that ``BENCH_BODY`` names."""
    body = Path(os.environ[BODY]).read_bytes()
    app = FastAPI()

    @app.get("/")
    async def bare() -> Response:
        return Response(body, media_type="application/json")

    return app
