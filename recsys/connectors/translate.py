"""Rows of a tool into rows in our words: the engine behind every table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from recsys.connectors.pseudonym import pseudonym
from recsys.connectors.tool import ERASE, ConsentRule, Fields, OutcomeRule, Shape, Time
from recsys.data.ids import E_MAIL
from recsys.data.kinds import MESSAGE_SENT, OF_MESSAGES, message_of

CALLS = ("identify", "alias", ERASE)
FACTORS = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0}

LEFT_OUT, UNUSED, NO_KEY = "left_out", "unused_event", "no_email_key"


@dataclass(frozen=True, slots=True)
class Translated:
    """The rows of a file in our words.

    Attributes
    ----------
    frame : DataFrame
        Text, named as :data:`recsys.data.fields.EVENT` names it; addresses are ids.
    theirs : DataFrame
        The same rows as they stood, addresses as in `frame`.
    said : Series of str
        What each says of its person, a JSON object of ``traits``, ``consents`` and ``outcomes``;
        null: nothing.
    refused : Series of str
        Why a row is left out: ``LEFT_OUT``, ``UNUSED`` or ``NO_KEY``; null: it is not.
    """

    frame: pl.DataFrame
    theirs: pl.DataFrame
    said: pl.Series
    refused: pl.Series


def translated(theirs: pl.DataFrame, shape: Shape, *, key: str) -> Translated:
    """Translate rows by the table of their tool.

    Parameters
    ----------
    theirs : DataFrame
        The rows of one kind of file.
    shape : Shape
        What the table says of that kind.
    key : str
        Of the shop, that hides addresses; empty: rows known only by one are refused.
    """
    theirs = theirs.select(pl.all().cast(pl.String, strict=False).str.strip_chars())
    theirs = theirs.with_columns(pl.when(pl.all() != "").then(pl.all()))
    theirs, keyless = _hidden(theirs, shape, key)
    columns = dict(_columns(theirs, shape))
    frame = theirs.with_columns(**columns)
    if not shape.generic:
        frame = frame.select(list(columns))
    facts = theirs.with_columns(
        said=_said(theirs, shape),
        drop=_any(theirs, shape.drop),
        unused=(_kind(theirs, shape) == "").fill_null(value=False),
    ).select("said", "drop", "unused")
    refused = pl.select(
        pl.when(facts["drop"])
        .then(pl.lit(LEFT_OUT))
        .when(facts["unused"] & facts["said"].is_null())
        .then(pl.lit(UNUSED))
        .when(keyless)
        .then(pl.lit(NO_KEY))
    ).to_series()
    return Translated(frame, theirs, facts["said"], refused)


def _columns(theirs: pl.DataFrame, shape: Shape) -> Iterator[tuple[str, pl.Expr]]:
    for ours, fields in {"user_id": shape.user, **shape.props}.items():
        if fields:
            yield ours, first(theirs, fields)
    if shape.device or shape.email:
        device = pl.lit(shape.prefix) + first(theirs, shape.device)
        yield "anonymous_id", pl.coalesce(device, first(theirs, shape.email))
    if shape.previous:
        yield "previous_id", pl.lit(shape.prefix) + first(theirs, shape.previous)
    yield from _ids(theirs, shape)
    if shape.machine:
        yield "machine", pl.when(_any(theirs, shape.machine)).then(pl.lit("true"))
    if not shape.generic:
        yield from _happened(theirs, shape)


def _happened(theirs: pl.DataFrame, shape: Shape) -> Iterator[tuple[str, pl.Expr]]:
    """Yield when, what and through which channel."""
    yield "timestamp", _time(theirs, shape.time) if shape.time else pl.lit(None, pl.String)
    of_person = (_kind(theirs, shape) == "") & _said(theirs, shape).is_not_null()
    kind = pl.when(of_person).then(pl.lit("identify")).otherwise(_kind(theirs, shape))
    yield "type", pl.when(kind.is_in(CALLS)).then(kind)
    yield "event", pl.when(~kind.is_in(CALLS)).then(kind)
    if "channel" not in shape.props:
        yield "channel", pl.lit(shape.channel or None, pl.String)


def _ids(theirs: pl.DataFrame, shape: Shape) -> Iterator[tuple[str, pl.Expr]]:
    """Yield the id of each row, and of the message that it is about."""
    own = _joined(theirs, shape.id) if shape.id else pl.lit(None, pl.String)
    if shape.message:
        message = _joined(theirs, shape.message)
        kinds = theirs.with_columns(_kind(theirs, shape).alias("\x00kind"))["\x00kind"]
        names = kinds.drop_nulls().unique()
        sent = [name for name in names if MESSAGE_SENT in _told_of_messages(name)]
        sent_now = _kind(theirs, shape).is_in(sent)
        yield "ref", pl.when(~sent_now).then(message)
        own = pl.when(sent_now).then(pl.coalesce(message, own)).otherwise(own)
    if shape.id or shape.message:
        yield "message_id", own


def _told_of_messages(name: str) -> tuple[str | None, ...]:
    return message_of(name)[0], OF_MESSAGES.get(name.lower())


def _joined(theirs: pl.DataFrame, fields: Sequence[str]) -> pl.Expr:
    return pl.concat_str([first(theirs, (name,)) for name in fields] or [pl.lit("")], separator=":")


def first(frame: pl.DataFrame, fields: Sequence[str]) -> pl.Expr:
    """Return text of the first of some fields that is filled; null where none is."""
    found = [pl.col(name) for name in fields if name in frame.columns]
    return pl.coalesce(found) if found else pl.lit(None, pl.String)


def _kind(theirs: pl.DataFrame, shape: Shape) -> pl.Expr:
    """Return the name of what happened in our words: empty for what is not used."""
    if not shape.kind:
        return pl.lit(shape.always or None, pl.String)
    given = theirs.with_columns(first(theirs, shape.kind).alias("\x00kind"))["\x00kind"]
    table = {name.lower(): meaning for name, meaning in shape.map.items()}
    names = given.drop_nulls().unique().to_list()
    meant = [table.get(name.lower(), name) for name in names]
    kind = pl.lit(given).replace_strict(names, meant, default=None, return_dtype=pl.String)
    return pl.coalesce(kind, pl.lit(shape.always or None, pl.String))


def _time(theirs: pl.DataFrame, time: Time) -> pl.Expr:
    given = first(theirs, time.field)
    if not time.unit:
        return given
    micros = (given.cast(pl.Float64, strict=False) * FACTORS[time.unit]).round()
    return pl.coalesce(micros.cast(pl.Int64, strict=False).cast(pl.String), given)


def _any(theirs: pl.DataFrame, table: Mapping[str, Fields]) -> pl.Expr:
    """Return whether any field has one of the values that a table names for it; ``*``: any."""
    rules = [_is(name, values) for name, values in table.items() if name in theirs.columns]
    return pl.any_horizontal(*rules, pl.lit(value=False)).fill_null(value=False)


def _is(name: str, values: Sequence[str]) -> pl.Expr:
    if "*" in values:
        return pl.col(name).is_not_null()
    return pl.col(name).str.to_lowercase().is_in([value.lower() for value in values])


def _hidden(theirs: pl.DataFrame, shape: Shape, key: str) -> tuple[pl.DataFrame, pl.Series]:
    """Return the rows with ids for addresses, and which are known by nothing else without a key."""
    people = (*shape.user, *shape.device, *shape.email, *shape.previous)
    people = tuple(name for name in dict.fromkeys(people) if name in theirs.columns)
    addresses = {name: _is_address(theirs, name) for name in people}
    known = pl.any_horizontal(
        *(pl.col(name).is_not_null() & ~addresses[name] for name in people), pl.lit(value=False)
    )
    some = pl.any_horizontal(*(addresses[name] for name in people), pl.lit(value=False))
    keyless = theirs.with_columns((some & ~known).alias("\x00keyless"))["\x00keyless"]
    hidden = [_replaced(theirs, name, addresses[name], key) for name in people]
    return theirs.with_columns(hidden), keyless & (not key)


def _is_address(theirs: pl.DataFrame, name: str) -> pl.Expr:
    if not theirs.select(pl.col(name).str.contains("@", literal=True).any()).item():
        return pl.lit(value=False)
    return pl.col(name).str.contains(E_MAIL).fill_null(value=False)


def _replaced(theirs: pl.DataFrame, name: str, address: pl.Expr, key: str) -> pl.Expr:
    given = theirs.select(pl.when(address).then(pl.col(name)))[name].drop_nulls().unique().to_list()
    if not given:
        return pl.col(name)
    ids = [pseudonym(one, key) if key else None for one in given]
    hidden = pl.col(name).replace_strict(given, ids, default=None, return_dtype=pl.String)
    return pl.when(address).then(hidden).otherwise(pl.col(name)).alias(name)


def _said(theirs: pl.DataFrame, shape: Shape) -> pl.Expr:
    rules = [rule for rule in shape.consent if shape.grants or rule.state == "denied"]
    consents = [_consent(theirs, rule) for rule in rules]
    outcomes = [_outcome(theirs, rule) for rule in shape.outcomes]
    traits = {name: first(theirs, fields) for name, fields in shape.traits.items()}
    if not (consents or outcomes or traits):
        return pl.lit(None, pl.String)
    empty = pl.lit(None, pl.String)
    lists = [pl.concat_str(parts or [empty], separator=",", ignore_nulls=True)
             for parts in (consents, outcomes)]  # fmt: skip
    filled = pl.any_horizontal(*(one.is_not_null() for one in traits.values()), pl.lit(value=False))
    of_person = (
        pl.struct(*(one.alias(name) for name, one in traits.items())).struct.json_encode()
        if traits
        else pl.lit("{}")
    )
    said = pl.concat_str(
        pl.lit('{"consents":['), lists[0], pl.lit('],"outcomes":['), lists[1],
        pl.lit('],"traits":'), of_person, pl.lit("}"),
    )  # fmt: skip
    return pl.when(filled | (lists[0] != "") | (lists[1] != "")).then(said)


def _consent(theirs: pl.DataFrame, rule: ConsentRule) -> pl.Expr:
    if not set(rule.when) <= set(theirs.columns):
        return pl.lit(None, pl.String)
    line = {"channel": rule.channel, "state": rule.state, "basis": rule.basis}
    held = pl.all_horizontal(*(_is(name, values) for name, values in rule.when.items()))
    return pl.when(held.fill_null(value=False)).then(pl.lit(json.dumps(line)))


def _outcome(theirs: pl.DataFrame, rule: OutcomeRule) -> pl.Expr:
    given = first(theirs, rule.field)
    value = given.cast(pl.Float64, strict=False)
    if rule.values:
        any_word = pl.when(given.is_not_null()).then(pl.lit(rule.values.get("*"), pl.Float64))
        value = given.str.to_lowercase().replace_strict(
            dict(rule.values), default=any_word, return_dtype=pl.Float64
        )
    ref = _joined(theirs, rule.id).fill_null("")
    line = pl.struct(name=pl.lit(rule.name), value=value, ref=ref).struct.json_encode()
    return pl.when(value.is_finite()).then(line)
