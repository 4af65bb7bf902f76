"""What all parts of the configuration have in common."""

from __future__ import annotations

import json
import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Section(BaseModel):
    """A part of the configuration: frozen, and without keys that nothing reads.

    A field with ``repr=False`` holds a secret: it is masked wherever it is shown.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        allow_inf_nan=False,
    )


def masked(secret: str) -> str:
    """Return enough of a secret to know it by: a URL without its password, the start of a hash.

    Of one that is neither nothing is shown.

    Examples
    --------
    >>> masked("postgresql://me:word@host/shop")
    'postgresql://me:***@host/shop'
    >>> masked("word")
    '***'
    """
    if re.fullmatch("[0-9a-f]{64}", secret):
        return f"{secret[:8]}…"
    if secret and "://" not in secret:
        return "***"
    return re.sub(r"(://[^/@:]*:)[^/]*(?=@)|([?&]password=)[^&]*", r"\1\2***", secret)


def _parts(said: object) -> object:
    if not isinstance(said, str):
        return said
    if said.startswith("["):
        try:
            return json.loads(said)
        except ValueError:
            return said  # refused below, in words for a list
    return [part.strip() for part in said.split(",") if part.strip()]


Words = Annotated[tuple[str, ...], BeforeValidator(_parts)]
"""A list; as a text, which the environment gives, in JSON or with commas between its parts."""
