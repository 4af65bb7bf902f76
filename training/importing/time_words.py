"""Words that stand in times beside numbers: months, weekdays, zones, clocks; in a few languages."""

from __future__ import annotations

import polars as pl

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_BEGIN = (
    "jan|jän|ene|gen|sty|oca|led|ian|янв|tammi", "feb|fév|fev|lut|şub|úno|фев|helmi",
    "mar|mär|maa|mrz|bře|мар", "apr|avr|abr|kwi|nis|dub|апр|huhti",
    "may|mai|mag|mei|maj|kvě|ма[яй]|touko",
    "juin|jun|giu|cze|haz|červn|iun|июн|kesä", "juil|jul|lug|lip|tem|červenc|iul|июл|heinä",
    "aug|aoû|aou|ago|agu|sie|ağu|srp|авг|elo", "sep|set|wrz|eyl|zář|сен|syys",
    "oct|okt|ott|out|paź|eki|říj|окт|loka", "nov|lis|kas|noi|ноя",
    "dec|déc|dez|dic|des|gru|ara|pro|дек|joulu",
)  # fmt: skip
"""What months begin with: in English, German, French, Spanish, Portuguese, Italian, Dutch, Polish,
Turkish, Czech, Romanian, Russian, Finnish, Indonesian and the languages of Scandinavia."""
_DAY_AND_MONTH = r"(?i)^\d{1,2}[^\d:]*\p{L}{3}[^\d:]*\d{2}"
_OF_MONTHS = tuple(
    (
        rf"(?i)^(\d{{1,2}})(?:\.|er|º|ª|st|nd|rd|th)?[-/ ]*(?:(?:de|of) )?(?:{begin})\p{{L}}*"
        r"[., ]*(?:del? )?[-/]?(\d{4}|\d{2}\b)",
        f"${{1}}-{month}-${{2}}",
    )
    for month, begin in zip(MONTHS, _BEGIN, strict=True)
)
_FINNISH_NOVEMBER = (r"(?i)\bmarras", "nov")
"""Begins as March does elsewhere."""
OFFSETS = {
    "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
    "MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "AEST": 10, "AEDT": 11,
}  # fmt: skip
"""Hours ahead of UTC: North America as RFC 2822 has it; BST, IST and others mean several."""
_NAMED = {f"\x00{name}": f"{hours:+03d}:00" for name, hours in OFFSETS.items()}
_WORDS = (
    (r"(?i)^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? +", ""),
    (r" *\([^)]*\)$", ""),
    (r"^([A-Za-z]{3} +\d{1,2}) (\d+:\d+:\d+)( [A-Z]+| [+-]\d{4})? (\d{4})$", "$1 $4 $2$3"),
    (r"(/\d{4}):(\d{2}:)", "$1 $2"),
    (r" ?(?:GMT|UTC) ?([+-]\d)", "$1"),
    (r"([+-]\d{2}:?\d{2}) [A-Z]{3,4}$", "$1"),
    (r"(?i)([ap])\.m\.?$", "${1}m"),
    (r"^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})", "$1-$2-$3 $4:$5:$6"),
)
"""Weekdays, remarks, a year at the end, a log's colon."""
_CLOCKED = r"(?i)[年년]|\d ?h|uhr"
_OF_CLOCKS = (
    (r"^(\d{4})[年년] ?(\d{1,2})[月월] ?(\d{1,2})[日일]", "$1-$2-$3"),
    (r"[時时시] ?(\d)", ":$1"),
    (r"[分분] ?(\d)", ":$1"),
    (r"[分분秒초]$", ""),
    (r"(?i)(\d) ?h ?(\d{2})\b", "$1:$2"),
    (r"(?i) ?(?:uhr|hs?\.?)$", ""),
)


def without_words(text: pl.Series) -> pl.Series:
    """Return times with short English months, offsets for the names of zones, and no other word."""
    patterns = [*_WORDS]
    if bool(text.str.contains(_DAY_AND_MONTH).any()):
        patterns += (_FINNISH_NOVEMBER, *_OF_MONTHS)
    if bool(text.str.contains(_CLOCKED).any()):
        patterns += _OF_CLOCKS
    for pattern, instead in patterns:
        text = text.str.replace(pattern, instead)
    text = text.str.replace(r" ?\b([A-Z]{2,4})$", "\x00$1").str.replace_many(_NAMED)
    return text.str.replace("\x00", " ", literal=True)
