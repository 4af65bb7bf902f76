"""What readers are told, in their language: gettext's catalogues beside the code.

English is what the code says; a file ``<language>.po`` in ``api/locale`` adds a language.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "locale"
ENGLISH = NullTranslations()


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
    short = tag.replace("_", "-").partition("-")[0].lower()
    return short if short in _KNOWN else "en"


@cache
def texts(short: str) -> NullTranslations:
    """Return the texts of a language."""
    if short == "en":
        return ENGLISH
    # Loaded by who reads another language only.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with (FOLDER / f"{short}.po").open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=short))
    compiled.seek(0)
    return GNUTranslations(compiled)


_KNOWN = frozenset(known())
