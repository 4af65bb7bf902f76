"""What a file may say in columns that are not read: money, units, and the zone of its times."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import polars as pl

from recsys.data.fields import plain
from recsys.data.kinds import PURCHASE
from training.importing.columns import FileColumns
from training.importing.less import REFUNDS

_MEANINGS: Mapping[tuple[str, ...], tuple[str, str, str]] = {
    ("price", "total"): (
        r"price|cost|amount|total|sales|revenue|gross|soldfor|preis|betrag|umsatz|prix|montant|precio"
        r"|importe|preco|valor|prezzo|bedrag",
        "no column is read as money",
        "price (of one unit) or total (of the line)",
    ),
    ("quantity",): (
        r"qty|qnt|count$|numitems|quantit|units|pieces|menge|anzahl|stuck|cantidad|aantal",
        "no column is read as units: each row is one",
        "quantity",
    ),
}
_ZONES = frozenset({"timezone", "tz"})
_NO_AMOUNT = r"(number|no|id|date|name|code|currency|type|channel)$"
_IN_PART = r"(?i)^partial|^part[ _-]|teil"
_MOST = 5


def unread(
    found: FileColumns, theirs: pl.DataFrame, spelling: str, kinds: pl.Series
) -> Iterator[str]:
    """Yield what to write in recsys.toml where a column by its name says what none is read as.

    Parameters
    ----------
    found : FileColumns
        What is read, and what is not.
    theirs : DataFrame
        The rows of the file.
    spelling : str
        How times are written, of :class:`training.importing.times.Times`.
    kinds : Series of str
        What the rows became: money and units are missed where something was bought.
    """
    if (kinds == PURCHASE).any():
        for meanings, (names, lacks, keys) in _MEANINGS.items():
            may = [one for one in found.ignored if re.search(names, plain(one))]
            may = [one for one in may if not re.search(_NO_AMOUNT, plain(one))]
            if may and not any(meaning in found for meaning in meanings):
                listed = ", ".join(may[:_MOST])
                yield f"{lacks}; if it is in {listed}, name it under [data.columns]: {keys}"
    if "state" in found and not found.of(*REFUNDS):
        rows = int(theirs[found.of("state")[0]].cast(pl.String).str.contains(_IN_PART).sum())
        if rows:
            yield f"{rows:,} rows are of orders refunded in part, and no column says how much"
    for column in found.ignored:
        if plain(column) in _ZONES and "without a zone" in spelling:
            said = theirs[column].drop_nulls()
            example = json.dumps(str(said[0])) if len(said) else "none"
            zone = "write [data] timezone if they are in it"
            yield f"times name no zone; {column} says {example}: {zone}"
