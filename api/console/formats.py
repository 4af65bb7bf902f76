"""Numbers, times and words as people of a language read them."""

from __future__ import annotations

import math
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from api.console.words import WORDS
from recsys.data.times import SECOND, moment

FOLDER = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "de": "Deutsch"}


class Formats:
    """One language, one zone, one currency.

    Parameters
    ----------
    language : str
        A key of ``LANGUAGES``.
    timezone : str
        IANA name.
    currency : str
        ISO code; empty: money is a plain number.
    texts : NullTranslations or None
        Translates; None: as the language does.
    """

    def __init__(
        self, language: str, timezone: str, currency: str, *, texts: NullTranslations | None = None
    ) -> None:
        self.language = language
        self.texts = texts or translations(language)
        self._locale = Locale.parse(language)
        self._zone = dates.get_timezone(timezone)
        self._currency = currency

    def none(self) -> str:
        """Return what stands where nothing was measured."""
        return self.texts.gettext("not measured")

    def word(self, key: object, vocabulary: str) -> str:
        """Return a word of the service in the words of people."""
        text = str(key)
        said = WORDS[vocabulary].get(text, text.replace("_", " "))
        return self.texts.gettext(said) if said else said

    def count(self, value: float | None) -> str:
        """Return a whole number."""
        return self.none() if _missing(value) else self._decimal(value, "#,##0")

    def number(self, value: float | None) -> str:
        """Return a number to three digits, and to fewer where it has no more."""
        if value is None or _missing(value):
            return self.none()
        if abs(value) >= 1_000:
            return self._decimal(value, "#,##0")
        return self._decimal(value, "#,##0.#" if value == round(value, 1) else "@@@")

    def signed(self, value: float | None) -> str:
        """Return a difference, with its sign."""
        if value is None or _missing(value):
            return self.none()
        sign = "+" if value > 0 else "−" if value < 0 else "±"
        form = "0.0000" if abs(value) < 1 else "#,##0.00"
        return f"{sign}{self._decimal(abs(value), form)}"

    def share(self, value: float | None) -> str:
        """Return a share in percent."""
        if value is None or _missing(value):
            return self.none()
        digits = "#,##0.0" if 0 < abs(value) < 0.1 else "#,##0"
        form = f"{digits}%" if self.language == "en" else f"{digits}\u00a0%"
        return numbers.format_percent(value, form, locale=self._locale)

    def money(self, value: float | None) -> str:
        """Return an amount of money, in whole units where it is large."""
        if value is None or _missing(value):
            return self.none()
        digits = "#,##0" if abs(value) >= 1_000 else "#,##0.00"
        if not self._currency:
            return self._decimal(value, digits)
        form = f"¤{digits}" if self.language == "en" else f"{digits} ¤"
        return numbers.format_currency(
            value, self._currency, form, locale=self._locale, currency_digits=False
        )

    def time(self, at: int | None) -> str:
        """Return a moment: date, hours and minutes in the zone of the shop."""
        if at is None:
            return self.texts.gettext("never")
        return dates.format_datetime(
            moment(int(at)), "short", tzinfo=self._zone, locale=self._locale
        ).replace("\u202f", " ")

    def day(self, at: int | None) -> str:
        """Return a day."""
        if at is None:
            return self.texts.gettext("never")
        there = moment(int(at)).astimezone(self._zone)
        return dates.format_date(there, "medium", locale=self._locale)

    def ago(self, at: int | None, now: int) -> str:
        """Return how long ago something was, roughly."""
        if at is None:
            return self.texts.gettext("never")
        seconds = min(-1, (at - now) // SECOND)
        return dates.format_timedelta(
            seconds, add_direction=True, threshold=1.2, locale=self._locale
        )

    def _decimal(self, value: float | None, form: str) -> str:
        return numbers.format_decimal(value or 0, form, locale=self._locale)


@cache
def translations(language: str) -> NullTranslations:
    """Return the texts of a language; those of English are what the code says."""
    file = FOLDER / f"{language}.po"
    if not file.exists():
        return NullTranslations()
    compiled = BytesIO()
    with file.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))
