"""What a file may say in columns that are not read: money, units, and the zone of its times."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import polars as pl

from recsys.data.fields import plain
from recsys.data.kinds import PURCHASE
from recsys.data.order_states import is_void
from training.importing.columns import FileColumns
from training.importing.less import REFUNDS
from training.importing.spellings import further

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
_MOST_STATES = 50
_SAMPLE = 10_000
_IS_DEED = re.compile(r"^(is|was|has)?(click|view|cart|purchase|bought|order|buy|conver|add)")
_FLAGS = frozenset({"0", "1", "true", "false", "0.0", "1.0", "yes", "no"})
_LONG = 40
_BACK = r"^(date)?(of)?(return|returned)(date|at|on|ed)?$"


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
        yield from _amounts(found)
        yield from _states(found, theirs)
        if "kind" not in found:
            yield from _kinds(found, theirs)
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


def _amounts(found: FileColumns) -> Iterator[str]:
    """Yield which columns may be money or units, where none is read as such."""
    for meanings, (names, lacks, keys) in _MEANINGS.items():
        may = [one for one in found.ignored if re.search(names, plain(one))]
        may = [one for one in may if not re.search(_NO_AMOUNT, plain(one))]
        if may and not any(meaning in found for meaning in meanings):
            listed = ", ".join(may[:_MOST])
            yield f"{lacks}; if it is in {listed}, name it under [data.columns]: {keys}"


def _states(found: FileColumns, theirs: pl.DataFrame) -> Iterator[str]:
    """Yield which columns may say that an order was taken back, and are not read."""
    for name in found.ignored:
        cells = theirs[name]
        if cells.dtype != pl.String or not cells.count():
            continue
        rows = cells.count() if re.search(_BACK, plain(name)) else 0
        said, key = "is filled", "cancelled_at"
        if not rows and cells.head(_SAMPLE).n_unique() <= _MOST_STATES:
            void = [one for one in cells.drop_nulls().unique() if len(one) < _LONG and is_void(one)]
            rows, key = int(cells.is_in(void).sum()) if void else 0, "state"
            said = f"says {void[0]!r}" if void else ""
        if rows:
            yield (
                f"{name} {said} in {rows:,} rows, which count as they stand: if these orders came "
                f"back, write in recsys.toml [data.columns] {key} = {json.dumps(name)}"
            )


def _kinds(found: FileColumns, theirs: pl.DataFrame) -> Iterator[str]:
    """Yield which columns may say what happened, where every row counts as the default kind."""
    called = further(found.ignored).get("kind", ())
    for name in found.ignored:
        cells = theirs[name].head(_SAMPLE).cast(pl.String, strict=False)
        values = sorted(cells.drop_nulls().unique())
        flag = _IS_DEED.search(plain(name)) and 1 < len(values) <= len(_FLAGS)
        if flag and {one.lower() for one in values} <= _FLAGS:
            yield (
                f"{name} says {' or '.join(values)}, and is not read: every row counts; where only "
                "some rows happened, import those alone"
            )
        elif name in called and 1 < len(values) <= _MOST_STATES:
            one = json.dumps(values[0])
            yield (
                f"{name} says {', '.join(values[:_MOST])}, none of it a known kind of event: all "
                f"rows count alike; write in recsys.toml [data.columns] kind = "
                f'{json.dumps(name)}, [data.names] {one} = "view" and so on'
            )
