"""Files of users and consents into the profiles, and how any file gets there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from zoneinfo import available_timezones

import polars as pl

from recsys.config import Config
from recsys.data.fields import Names
from recsys.storage.users.consents import DENIED, GRANTED, MARKETING, PROFILING, Consent, Consents
from recsys.storage.users.profiles import Profiles
from training.importing.cells import bad_id, first_reason, id_of, no_id, text_of
from training.importing.columns import CONSENTS, USERS, FileColumns, find, require
from training.importing.numbers import BAD_PRICE
from training.importing.read import RawFile, configured, read_file
from training.importing.rows import OF_ROWS
from training.importing.times import TIME_HINT, parse_times
from training.importing.validate import counted, put_aside, quarantined

REASONS: Mapping[str, str] = {
    "no_user": "nobody is named",
    "bad_user": "the user id is too long or holds a NUL",
    "no_item": "no item is named",
    "bad_item": "the item id is too long or holds a NUL",
    "bad_price": BAD_PRICE,
    "bad_available": "whether it can be had is neither yes or no, a number, nor a usual word",
    "more_pictures": "a further picture of a product, no item",
    "bad_timezone": "the time zone is not an IANA name",
    "bad_purpose": f"the purpose is neither {PROFILING} nor {MARKETING}",
    "no_channel": "no channel given; marketing is granted or denied for one channel at a time",
    "bad_channel": "the consent is for a channel that is not configured",
    "bad_state": f"the state is neither {GRANTED} nor {DENIED}, nor true, false, yes, no, 1, 0",
    "bad_time": f"no time is given, or it is not understood ({TIME_HINT})",
    **OF_ROWS,
}
YES = ("true", "1", "yes", "y")
NO = ("false", "0", "no", "n")
_STATES = {**dict.fromkeys((GRANTED, *YES), GRANTED), **dict.fromkeys((DENIED, *NO), DENIED)}


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """What became of a file; ``rows == written + known + sum(quarantined.values())``.

    `known` are lines of a consent ledger that were there already; items and users are always
    written, the last row of each counts. `attributes` are columns of items that were kept by name,
    `notes` what else was noticed.
    """

    file: str
    what: str
    rows: int
    written: int
    known: int
    quarantined: Mapping[str, int]
    quarantine_file: str
    ignored: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def import_users(path: Path, config: Config, profiles: Profiles) -> ProfileReport:
    """Import the configured traits and the time zone of users; other columns are not kept.

    Raises
    ------
    DataError
        The file cannot be read or names no user.
    StoreUnavailable
        Nothing was written.
    """
    traits = (config.segments.trait, *config.privacy.kept_traits)
    meanings = {f"trait {name}": (name, f"traits.{name}") for name in traits}
    names = Names({**USERS.table, **meanings})
    source = source_of(path, "users", config, names, needed=("user",))
    raw, found = source.raw, source.found
    frame = raw.frame.select(
        id_of(raw.frame, found, "user").alias("user_id"),
        text_of(found, "timezone"),
        *(text_of(found, meaning) for meaning in meanings),
    )
    rules = {
        "no_user": no_id("user_id"),
        "bad_user": bad_id("user_id"),
        "bad_timezone": ~pl.col("timezone").is_in(sorted(available_timezones())),
    }

    def write(good: pl.DataFrame) -> int:
        return profiles.put_users(
            (user, {name: one for name, one in zip(traits, said, strict=True) if one}, zone or "")
            for user, zone, *said in good.iter_rows()
        )

    return imported(source, frame, rules=rules, write=write)


def import_consents(path: Path, config: Config, profiles: Profiles) -> ProfileReport:
    """Import lines of a consent ledger; what is in it already is not written again.

    Raises
    ------
    DataError
        The file cannot be read, or does not say who, for what, granted or not, or when.
    StoreUnavailable
        Nothing was written.
    """
    needed = ("user", "purpose", "state", "at")
    source = source_of(path, "consents", config, CONSENTS, needed=needed)
    raw, found = source.raw, source.found
    times = parse_times(
        raw.frame[found.columns["at"][0]],
        timezone=config.data.timezone,
        time_format=config.data.time_format,
    )
    frame = raw.frame.select(
        id_of(raw.frame, found, "user").alias("user_id"),
        text_of(found, "purpose").str.to_lowercase(),
        text_of(found, "channel"),
        text_of(found, "state")
        .str.to_lowercase()
        .replace_strict(_STATES, default=None, return_dtype=pl.String),
        times.at.alias("at"),
        text_of(found, "basis").fill_null(""),
        text_of(found, "source").fill_null(path.name),
        text_of(found, "text_version").fill_null(""),
    )
    marketing = pl.col("purpose") == MARKETING
    arms = list(config.channels.arms)
    rules = {
        "no_user": no_id("user_id"),
        "bad_user": bad_id("user_id"),
        "bad_purpose": ~pl.col("purpose").is_in([PROFILING, MARKETING]).fill_null(value=False),
        "no_channel": marketing & pl.col("channel").is_null(),
        "bad_channel": marketing & ~pl.col("channel").is_in(arms),
        "bad_state": pl.col("state").is_null(),
        "bad_time": pl.col("at").is_null() | (pl.col("at") < 0),
    }

    def write(good: pl.DataFrame) -> int:
        lines = good.with_columns(pl.when(marketing).then("channel").otherwise(pl.lit("")))
        columns = lines.sort("at", maintain_order=True).select(f.name for f in fields(Consent))
        return Consents(profiles.database).record(Consent(*line) for line in columns.iter_rows())

    return imported(source, frame, rules=rules, write=write)


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """A file as it was read, what it is about, its columns, and where its bad rows go."""

    raw: RawFile
    what: str
    found: FileColumns
    quarantine_dir: Path


def source_of(
    path: Path,
    what: str,
    config: Config,
    names: Names,
    *,
    needed: tuple[str, ...],
) -> ProfileFile:
    """Read a file, and find its columns.

    Raises
    ------
    UnreadableFile
        See :func:`training.importing.read.read_file`.
    MissingColumn
        It has none for a meaning that is needed.
    """
    raw = read_file(path, configured(config.data))
    header = raw.frame.columns
    # The configured names are those of the event files: here they count where they occur.
    named = {
        meaning: name
        for meaning, name in config.data.columns
        if meaning in names.table and name in header
    }
    found = find(header, names, named)
    for meaning in needed:
        require(meaning, found, header, names)
    return ProfileFile(raw, what, found, Path(config.storage.quarantine_dir))


def imported(
    source: ProfileFile,
    frame: pl.DataFrame,
    *,
    rules: dict[str, pl.Expr],
    write: Callable[[pl.DataFrame], int],
) -> ProfileReport:
    """Put the rows aside that break a rule, write the others, and say what became of all.

    `frame` has the rows of the source in their order; `write` returns how many it wrote.
    """
    judged = frame.with_row_index("place").with_columns(reason=first_reason(rules))
    bad = judged.filter(pl.col("reason").is_not_null())
    good = judged.filter(pl.col("reason").is_null()).drop("place", "reason")
    quarantine = quarantined(source.raw, bad["place"], bad["reason"])
    quarantine_file = put_aside(source.raw, quarantine, source.quarantine_dir)
    written = write(good)
    return ProfileReport(
        file=source.raw.path.name,
        what=source.what,
        rows=source.raw.rows,
        written=written,
        known=len(good) - written,
        quarantined=counted(quarantine["reason"]),
        quarantine_file=quarantine_file,
        ignored=source.found.ignored,
    )
