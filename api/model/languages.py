"""What readers are told, in their language: gettext's catalogues beside the code.

English is what the code says; a file ``<language>.po`` in ``api/locale`` adds a language.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from recsys.words import ENGLISH, Words

FOLDER = Path(__file__).parents[1] / "locale"
ENGLISH_TEXTS = NullTranslations()
_SAID_BY_USERS = ("locale", "language")
_LONGEST_HEADER = 500


def known() -> tuple[str, ...]:
    """Return the languages there are, English first."""
    return ("en", *sorted(file.stem for file in FOLDER.glob("*.po")))


def language(tag: str) -> str:
    """Return the language of a tag such as ``de-AT``; English where there is no better one.

    Examples
    --------
    >>> language("de-AT"), language("tlh"), language("")
    ('de', 'en', 'en')
    """
    short = _short(tag)
    return short if short in _KNOWN else "en"


def wanted(header: str, among: Collection[str] | None = None) -> str:
    """Return the best language of an ``Accept-Language``; English where it names none we have.

    `among`: the languages there are, else those of reasons. Refused ones (``q=0``) are left out;
    a weight that is none counts as refused.

    Examples
    --------
    >>> wanted("fr, de-AT;q=.8, en;q=.9"), wanted("de;q=0, *"), wanted("de-AT,de;q=0.9")
    ('en', 'en', 'de')
    """
    return _wanted(header[:_LONGEST_HEADER], frozenset(among) if among else _KNOWN)


def chosen(asked: str, traits: Mapping[str, str], accepted: str) -> str:
    """Return the language of a reader: as asked, else as the user said, else as the request."""
    if asked:
        return language(asked)
    for name in _SAID_BY_USERS:
        if said := traits.get(name):
            return language(said)
    return accepted or "en"


@cache
def texts(short: str) -> NullTranslations:
    """Return the texts of a language."""
    if short == "en":
        return ENGLISH_TEXTS
    # Loaded by who reads another language only.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with (FOLDER / f"{short}.po").open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=short))
    compiled.seek(0)
    return GNUTranslations(compiled)


def text(code: str, params: Mapping[str, Any], short: str) -> str | None:
    """Return the reason of a code in a language; None for a code that is not known any more."""
    english = ENGLISH.get(code)
    if english is None:
        return None
    said = texts(short)
    template = (
        said.gettext(english)
        if isinstance(english, str)
        else said.ngettext(*english, params.get("n", 0))
    )
    return template.format_map({name: _local(name, one, short) for name, one in params.items()})


class Figure:
    """A number that is written with the marks of a language.

    Parameters
    ----------
    value : float
        The number.
    short : str
        The language.
    """

    def __init__(self, value: float, short: str) -> None:
        self._value = value
        self._short = short

    def __format__(self, spec: str) -> str:
        """Return the number as `spec` says, with the language's own marks."""
        return format(self._value, spec).translate(_marks(self._short))


def _local(name: str, value: Any, short: str) -> Any:
    """Return a parameter in a language: numbers, reasons in reasons, and words that are a code."""
    if isinstance(value, Words):
        return text(value.code, value.params, short)
    if isinstance(value, Mapping):
        return text(value["code"], value["params"], short) or value["text"]
    if isinstance(value, list):
        return ", ".join(_local(name, one, short) for one in value)
    if isinstance(value, str):
        return text(f"{name}.{value}", {}, short) or value
    return Figure(value, short)


@cache
def _marks(short: str) -> dict[int, str]:
    from babel import Locale

    symbols = Locale.parse(short).number_symbols["latn"]
    marks = {",": symbols["group"], ".": symbols["decimal"]}
    if Locale.parse(short).percent_formats[None].pattern.endswith("\xa0%"):
        marks["%"] = "\xa0%"
    return {ord(mark): own for mark, own in marks.items()}


@lru_cache(1_024)
def _wanted(header: str, among: frozenset[str]) -> str:
    weighed = sorted(map(_weight, header.split(",")), key=lambda one: -one[1])
    return next((tag for tag, weight in weighed if weight > 0 and tag in among), "en")


def _weight(said: str) -> tuple[str, float]:
    tag, _, rest = said.partition(";")
    name, _, weight = rest.partition("=")
    if name.strip().lower() != "q":
        return _short(tag), 1.0
    try:
        return _short(tag), float(weight)
    except ValueError:
        return _short(tag), 0.0


def _short(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].strip().lower()


_KNOWN = frozenset(known())
