"""How files become events, what events are worth, and where they are kept."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from recsys.config.section import Section, Words
from recsys.data.kinds import RETURN_DAYS

USUAL_RETENTION = {
    **dict.fromkeys(("view", "cart", "remove", "dismiss"), 730),
    **dict.fromkeys(("message_sent", "message_failed", "message_opened"), 1_095),
}
"""What people looked at goes after two years, what they were sent after three; orders stay."""


MIN_KEY_CHARACTERS = 32


class Storage(Section):
    """Where things are kept."""

    url: str = Field(
        "sqlite:///var/recsys.db",
        description="event log, profiles, consents: a SQLite file or postgresql://user@host/name",
        repr=False,
    )
    encryption_keys: Words = Field(
        (),
        description="that encrypt sensitive traits, the newest first; from the environment only: "
        "`recsys storage new-key`",
        repr=False,
        json_schema_extra={"environment_only": True},
    )
    connections: int = Field(8, ge=1, description="most to a server, of one process")
    connect_timeout_ms: int = Field(2_000, ge=1, description="longest wait for a server")
    statement_timeout_ms: int = Field(
        5_000, ge=1, description="longest statement of a request on a server"
    )
    models_dir: str = Field(
        "models", description="model versions: a folder, or s3://bucket/prefix (recsys[s3])"
    )
    models_cache: str = Field(
        "var/models", description="folder of the copies that are read, of versions in s3://"
    )
    quarantine_dir: str = Field("var/quarantine", description="folder of rejected rows")
    reports_dir: str = Field("reports", description="folder of what commands draw and measure")

    exports_dir: str = Field(
        "var/exports",
        description="folder of exports that were asked for over HTTP; all hosts share it",
    )

    @field_validator("models_dir")
    @classmethod
    def _is_place(cls, place: str) -> str:
        if "://" in place and not re.fullmatch(r"s3://[a-z0-9.-]{3,63}(/.*)?", place):
            raise ValueError("a folder, or s3://bucket/prefix")
        return place

    @field_validator("encryption_keys")
    @classmethod
    def _are_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch("[A-Za-z0-9_-]{43}=", key) for key in keys):
            raise ValueError("keys as `recsys storage new-key` prints them")
        return keys


class Columns(Section):
    """Names of the columns in your files, where they are not among the recognised spellings."""

    user: str | None = Field(None, description="who")
    item: str | None = Field(None, description="what")
    at: str | None = Field(None, description="when: ISO 8601, or epoch seconds or milliseconds")
    kind: str | None = Field(None, description="what happened")
    quantity: str | None = Field(None, description="how many units; negative is a return")
    price: str | None = Field(None, description="money per unit")
    total: str | None = Field(None, description="money of a whole line, where none is per unit")
    order: str | None = Field(None, description="basket, invoice or session")
    state: str | None = Field(
        None, description="state of an order: cancelled and refunded count none"
    )
    cancelled_at: str | None = Field(None, description="when, or whether, an order was cancelled")
    currency: str | None = Field(None, description="currency of the money")
    email: str | None = Field(None, description="address of who names no other id")
    title: str | None = Field(None, description="name of the item")
    category: str | None = Field(None, description="category of the item")
    trait: str | None = Field(None, description="trait of the user (see segments.trait)")
    device: str | None = Field(None, description="on which device it happened")
    placement: str | None = Field(None, description="where on the site or in the app it happened")


class Data(Section):
    """How files become events."""

    columns: Columns = Columns()
    encoding: str = Field("", description="of text files (cp1250); empty: what the file shows")
    separator: str = Field("", description="between columns of text; empty: what the file shows")
    header: Words = Field((), description="names of the columns of files without a header")
    lake: str = Field(
        "",
        description="Parquet files of interactions that training reads besides the log: a folder,"
        " or s3://bucket/prefix",
    )
    default_kind: str = Field("purchase", description="kind of rows without a kind column")
    cancelled_order_prefix: str = Field("", description="orders that start so are returns")
    return_days: float = Field(
        RETURN_DAYS,
        ge=0,
        description="a return that names no order takes back what was bought within",
    )
    unavailable_items: Words = Field((), description="never recommended (postage, fees)")
    timezone: str = Field("UTC", description="zone of times that name none, and of users")
    time_format: str = Field("", description="strptime format of times not in ISO 8601")
    decimal_sign: Literal["", ".", ","] = Field(
        "", description="in numbers of files; empty: what the file shows"
    )
    rates: Mapping[str, float] = Field(
        {}, description="what one unit of each currency is worth in yours (EUR = 1.0)"
    )
    rating_like: float = Field(4.0, description="stars from which a rating is as the default kind")
    rating_dislike: float = Field(2.0, description="stars up to which a rating is a dismissal")
    guests: Words = Field((), description="user ids that stand for anybody who did not sign in (0)")
    lower_case_emails: bool = Field(
        default=False,
        description="whether user ids that are e-mail addresses are put in lower case",
    )
    names: Mapping[str, str] = Field(
        {}, description="what your kinds of events are called: name to kind; to empty: not used"
    )
    connectors: str = Field(
        "", description="folder of further tables of tools, one TOML file each; empty: none"
    )
    tool: str = Field(
        "", description="of which files are (klaviyo, klaviyo.events); none; empty: what they show"
    )
    zones: Mapping[str, str] = Field(
        {}, description="zone of times that name none in files of a tool (adobe = Europe/Paris)"
    )
    hook_days: int = Field(
        7, ge=1, description="bodies of webhooks are kept, sealed, to be looked at again"
    )
    identical_rows: Literal["once", "units"] = Field(
        "once", description="rows of a file that are the same: one event, or a unit each"
    )
    exposure_days: int = Field(
        180, ge=0, description="lists of placements and what was seen of them are kept; 0: for good"
    )
    retention_days: Mapping[str, int] = Field(
        USUAL_RETENTION, description="days that events of a kind are kept; others: for good"
    )
    late_days: float = Field(
        7.0, ge=0, description="arrived later, an event counts as history known at its time"
    )
    bot_events_per_day: int = Field(5_000, ge=1, description="more from one user is bot-like")

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            return name and codecs.lookup(name).name
        except LookupError:
            raise ValueError("an encoding such as cp1252, cp1250 or utf-16, or empty") from None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("an IANA time zone, for example Europe/London") from None
        return name

    @field_validator("zones")
    @classmethod
    def _known_zones(cls, zones: Mapping[str, str]) -> Mapping[str, str]:
        for name in zones.values():
            cls._known_zone(name)
        return zones


class Kind(Section):
    """What an event of a kind is worth to the recommender."""

    weight: float = Field(1.0, description="strength; negative takes earlier strength back")
    half_life_days: float = Field(0.0, ge=0, description="age at half strength; 0: as other kinds")
    cap: float = Field(0.0, ge=0, description="most events that count for one item; 0: all")
    rest_hours: float = Field(0.0, ge=0, description="the item is not recommended for so long")


class Segments(Section):
    """How users are grouped."""

    trait: str = Field("country", description="user trait that groups those without history")
    cohorts_file: str = Field(
        "", description="JSON object of named audience rules, read at start; empty: none"
    )


class Privacy(Section):
    """What is assumed of people who said nothing."""

    profiling: Literal["granted", "denied"] = Field(
        "granted", description="consent to profiling where none is recorded"
    )
    kept_traits: Words = Field(
        (), description="traits of users that are kept, besides segments.trait; no others are"
    )
    email_key: str = Field(
        "",
        description="hides addresses that stand as ids in files and calls of tools, 32 characters "
        "or more, never changed; from the environment only; empty: who has no other id is left out",
        repr=False,
        json_schema_extra={"environment_only": True},
    )
    sensitive_traits: Words = Field(
        ("email", "phone"),
        description="of those, which are encrypted in the store, and seen by no model or answer",
    )

    @field_validator("email_key")
    @classmethod
    def _is_long(cls, key: str) -> str:
        if key and len(key) < MIN_KEY_CHARACTERS:
            raise ValueError(f"at least {MIN_KEY_CHARACTERS} characters: `openssl rand -hex 32`")
        return key


USUAL_KINDS = {
    "view": Kind(weight=0.1),
    "cart": Kind(weight=0.5),
    "purchase": Kind(weight=1.0, rest_hours=12),
    "return": Kind(weight=-1.0, rest_hours=720),
    "remove": Kind(weight=-0.5, rest_hours=24),
    "dismiss": Kind(weight=-1.0, rest_hours=720),
    "void": Kind(weight=0.0),
}
