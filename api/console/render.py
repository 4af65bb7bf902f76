"""From a view to HTML: one environment, strict, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.console.assets import served_as
from api.console.axis import Axis
from api.console.formats import Formats

FOLDER = Path(__file__).parent / "templates"
_FORMATS = ("count", "number", "signed", "share", "money", "time", "day", "ago", "word")


@lru_cache(16)
def environment(formats: Formats) -> Environment:
    """Return the environment that writes for one language, zone and currency."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.install_gettext_translations(formats.texts, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update({name: getattr(formats, name) for name in _FORMATS})
    made.filters.update(datum=datum, filled=filled)
    made.globals.update(asset=served_as, Axis=Axis, language=formats.language, zip=zip)
    return made


def render(formats: Formats, template: str, facts: Mapping[str, Any]) -> str:
    """Return a page."""
    return environment(formats).get_template(template).render(facts)


def datum(shown: str, value: object) -> Markup:
    """Return a figure as it is read, with the value behind it."""
    return Markup('<data value="{}">{}</data>').format("" if value is None else value, shown)


def filled(address: str, row: Mapping[str, Any]) -> str:
    """Return an address with the cells of a row in the place of their names."""
    return address.format_map({key: quote(str(cell), safe="") for key, cell in row.items()})


@cache
def formats_of(language: str, timezone: str, currency: str) -> Formats:
    """Return the formats of a language; kept, for reading texts takes longer than a page."""
    return Formats(language, timezone, currency)
