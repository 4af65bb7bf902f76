"""The one door to object storage: opening it, and its errors in our words.

Who asks, where and with which rights comes from the environment, as every tool of S3 reads it:
``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``; an endpoint
without TLS needs ``AWS_ALLOW_HTTP=true``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from recsys.errors import BadValue, MissingExtra, cut

if TYPE_CHECKING:
    from obstore.store import S3Store

SCHEME = "s3://"
ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*?))?/?")

RETRIES, PATIENCE = 4, timedelta(seconds=20)
"""How often and how long a request is tried again before the storage counts as unavailable."""

LONGEST = timedelta(minutes=15)
"""Of one request: a large file on a slow line."""


def opened(key: str, address: str) -> S3Store:
    """Open ``s3://bucket/prefix``; nothing is asked yet.

    Parameters
    ----------
    key : str
        What an error names: the setting or argument that has the address.
    address : str
        Of a bucket, and what all names in it begin with.

    Raises
    ------
    MissingExtra
        The library is not installed.
    BadValue
        No such address.
    """
    try:
        from obstore.store import S3Store
    except ImportError:
        raise MissingExtra(f"{key} = {address!r}", "s3") from None
    parts = ADDRESS.fullmatch(address)
    if parts is None:
        raise BadValue(key, address, "a folder, or s3://bucket/prefix")
    return S3Store(
        parts[1],
        prefix=parts[2] or None,
        client_options={
            "timeout": LONGEST,
            "connect_timeout": timedelta(seconds=5),
            # Options that are given keep the library from looking for this one by itself.
            "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"},
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": PATIENCE},
    )


@contextmanager
def asking(unavailable: Callable[[str], Exception]) -> Iterator[None]:
    """Raise what storage does not answer as an error of ours, with the first line of its reason.

    That a condition does not hold goes through: there is no such object, one already, or another.
    """
    from obstore.exceptions import (
        AlreadyExistsError,
        BaseError,
        NotModifiedError,
        PreconditionError,
    )

    try:
        yield
    except (AlreadyExistsError, NotModifiedError, PreconditionError, FileNotFoundError):
        raise
    except (BaseError, OSError) as error:
        raise unavailable(first_line(error)) from error


def first_line(error: BaseException) -> str:
    """Return what an error says without its debug text."""
    lines: Any = str(error).strip().splitlines() or [type(error).__name__]
    return cut(lines[0])
