"""One configuration for training and serving.

Every key has a default, a one-line meaning and its unit in its name. `recsys config` prints the
whole file as it is in force; the environment overrides it (``RECSYS_SERVING__PORT=9000``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal, Self, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from recsys.data.kinds import MESSAGE_KINDS
from recsys.errors import BadValue, ConfigError, UnknownKey

PREFIX = "RECSYS_"


class Section(BaseModel):
    """A part of the configuration: frozen, and without keys that nothing reads."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )


class Storage(Section):
    """Where things are kept."""

    url: str = Field(
        "sqlite:///var/recsys.db",
        description="event log, profiles, consents: a SQLite file or postgresql://user@host/name",
    )
    connections: int = Field(8, ge=1, description="most to a server, of one process")
    connect_timeout_ms: int = Field(2_000, ge=1, description="longest wait for a server")
    statement_timeout_ms: int = Field(
        5_000, ge=1, description="longest statement of a request on a server"
    )
    models_dir: str = Field("models", description="folder of the model versions")
    quarantine_dir: str = Field("var/quarantine", description="folder of rejected rows")
    reports_dir: str = Field("reports", description="folder of what commands draw and measure")


class Columns(Section):
    """Names of the columns in your files, where they are not among the recognised spellings."""

    user: str | None = Field(None, description="who")
    item: str | None = Field(None, description="what")
    at: str | None = Field(None, description="when: ISO 8601, or epoch seconds or milliseconds")
    kind: str | None = Field(None, description="what happened")
    quantity: str | None = Field(None, description="how many units; negative is a return")
    price: str | None = Field(None, description="money per unit")
    order: str | None = Field(None, description="basket, invoice or session")
    title: str | None = Field(None, description="name of the item")
    category: str | None = Field(None, description="category of the item")
    trait: str | None = Field(None, description="trait of the user (see segments.trait)")
    device: str | None = Field(None, description="on which device it happened")
    placement: str | None = Field(None, description="where on the site or in the app it happened")


class Data(Section):
    """How files become events."""

    columns: Columns = Columns()
    default_kind: str = Field("purchase", description="kind of rows without a kind column")
    cancelled_order_prefix: str = Field("", description="orders that start so are returns")
    unavailable_items: tuple[str, ...] = Field((), description="never recommended (postage, fees)")
    timezone: str = Field("UTC", description="zone of times that name none, and of users")
    time_format: str = Field("", description="strptime format of times not in ISO 8601")
    retention_days: Mapping[str, int] = Field(
        {}, description="days that events of a kind are kept; kinds not named: for good"
    )
    late_days: float = Field(
        7.0, ge=0, description="arrived later, an event counts as history known at its time"
    )
    bot_events_per_day: int = Field(5_000, ge=1, description="more from one user is bot-like")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("an IANA time zone, for example Europe/London") from None
        return name


class Kind(Section):
    """What an event of a kind is worth to the recommender."""

    weight: float = Field(1.0, description="strength; negative takes earlier strength back")
    half_life_days: float = Field(0.0, ge=0, description="age at half strength; 0: as other kinds")
    cap: float = Field(0.0, ge=0, description="most events that count for one item; 0: all")
    rest_hours: float = Field(0.0, ge=0, description="the item is not recommended for so long")


class ItemModel(Section):
    """What training tries and chooses itself where it is not set here, by hand or `recsys tune`."""

    half_life_days: float = Field(0.0, ge=0, description="age at which a user's event counts half")
    weighting: Literal["", "bm25", "cosine", "tfidf"] = Field("", description="of item neighbours")
    neighbours: int = Field(0, ge=0, description="kept per item")
    factors: int = Field(0, ge=0, description="length of the vectors of the factorisation (ALS)")
    alpha: float = Field(0.0, ge=0, description="ALS: confidence is 1 + alpha times the weight")
    regularization: float = Field(0.0, ge=0, description="ALS: penalty on large factors")


class Items(Section):
    """The question: which items, in which order."""

    test_days: int = Field(30, ge=1, description="held-out days at the end that judge the rungs")
    half_life_days: float = Field(14.0, gt=0, description="age at which popularity counts half")
    segment_shrinkage: float = Field(200.0, ge=0, description="users' worth of the rung below")
    min_history: int = Field(2, ge=1, description="distinct items a user needs for 1:1")
    ready_items: int = Field(100, ge=1, description="length of the lists made at training")
    at_k: int = Field(20, ge=1, description="length of the lists that are judged")
    new_item_places: int = Field(
        1, ge=0, description="last places of a list of 10 or more, for items nobody has taken yet"
    )
    session_gap_minutes: float = Field(30.0, gt=0, description="a longer silence ends a session")
    model: ItemModel = ItemModel()


class Churn(Section):
    """The question: how likely to churn."""

    critical_kind: str = Field("purchase", description="the event whose absence is churn")
    horizon_days: int = Field(0, ge=0, description="days looked ahead; 0 takes it from the data")
    active_days: int = Field(0, ge=0, description="days that make a user active; 0: the horizon")
    cancel_kind: str = Field(
        "", description="the event that ends a contract; its end is churn then, not absence"
    )
    term_days: int = Field(
        0,
        ge=0,
        description="days that a start or renewal lasts; 0: until cancelled, or no contract",
    )
    test_cutoff: str = Field(
        "",
        description="day of the test snapshot (2011-09-09); empty: last closed one",
    )
    cutoffs: int = Field(8, ge=3, description="training snapshots")
    segment_shrinkage: float = Field(50.0, ge=1, description="users' worth of the base rate")

    @field_validator("test_cutoff")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        try:
            return value and date.fromisoformat(value).isoformat()
        except ValueError:
            raise ValueError("a day like 2011-09-09, or empty") from None


class Channel(Section):
    """One arm of the channel question."""

    cost: float = Field(0.0, ge=0, description="money per message")
    attribution_days: float = Field(7.0, gt=0, description="responses count so long after")
    opens_count: bool = Field(
        default=False, description="whether an open is a response; what a machine opened never is"
    )
    cap_per_week: int = Field(7, ge=1, description="messages in any 7 days")
    budget_share: float = Field(
        1.0, ge=0, le=1, description="largest share of decisions; below 1 it gets a price"
    )
    quiet_hours: bool = Field(default=True, description="whether quiet hours hold for this channel")


class Channels(Section):
    """The question: which channel next."""

    arms: Mapping[str, Channel] = Field(
        {
            "email": Channel(cost=0.002, cap_per_week=3, quiet_hours=False),
            "push": Channel(cost=0.0005, attribution_days=1.0, cap_per_week=5),
            "sms": Channel(cost=0.06, attribution_days=3.0, cap_per_week=1),
        },
        description="the channels there are",
    )
    default_arm: str = Field("", description="left only for a clearly better one; empty: the first")
    currency: str = Field("", description="of costs and values, written to the decision log")
    response_value: float = Field(1.0, gt=0, description="money that one response is worth")
    outcome: str = Field(
        "",
        description="interaction to count after every decision, to send nothing too; arms are worth"
        " what they add to it where that clearly earns more; empty: responses to messages only",
    )
    outcome_value: float = Field(1.0, gt=0, description="money that one such outcome is worth")
    unsubscribe_cost: float = Field(10.0, ge=0, description="money that one unsubscribe loses")
    half_life_days: float = Field(90.0, gt=0, description="age at which a message counts half")
    quiet_from_hour: int = Field(21, ge=0, le=23, description="local hour")
    quiet_until_hour: int = Field(8, ge=0, le=23, description="local hour")
    test_days: int = Field(30, ge=1, description="held-out days at the end that judge the rungs")
    epsilon: float = Field(
        0.05, ge=0, le=1, description="share of decisions with an id that explore all arms"
    )

    epsilon_start: float = Field(
        0.10, ge=0, le=1, description="the same while an arm has few messages to learn from"
    )
    epsilon_start_messages: int = Field(
        1_000, ge=0, description="messages through every arm until epsilon holds"
    )

    @model_validator(mode="after")
    def _default_is_an_arm(self) -> Self:
        if self.default_arm not in {*self.arms, "none", ""}:
            raise ValueError(f"default_arm is one of the arms: {', '.join(self.arms)}")
        return self


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


class Training(Section):
    """How models are made and judged."""

    seed: int = Field(7, ge=0, description="same data, configuration and seed: same model")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of all intervals")
    resamples: int = Field(2_000, ge=100, description="bootstrap samples")


class Serving(Section):
    """The API."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    workers: int = Field(1, ge=1, description="processes")
    poll_seconds: float = Field(1.0, gt=0, description="how often to look for a new champion")
    default_limit: int = Field(10, ge=1, description="items in an answer that names no limit")
    max_limit: int = Field(100, ge=1, description="most items in one answer")
    max_batch: int = Field(1_000, ge=1, description="most users or events in one request")
    read_keys_sha256: tuple[str, ...] = Field(
        (), description="SHA-256 of the keys that may ask about users; empty: anybody may"
    )
    write_keys_sha256: tuple[str, ...] = Field(
        (), description="SHA-256 of the keys that may send events; empty: anybody may"
    )
    admin_keys_sha256: tuple[str, ...] = Field(
        (),
        description="SHA-256 of the keys that may do everything: erase, export, record consents, "
        "which needs one of them as soon as there is any key",
    )
    max_body_bytes: int = Field(512_000, ge=1_000, description="largest request body")
    live_events: int = Field(500, ge=1, description="most events since training looked at")
    recall: int = Field(
        100_000, ge=0, description="users and events in memory for when the store is unavailable"
    )
    shutdown_seconds: int = Field(20, ge=1, description="for requests to finish when told to stop")
    clock_start: str = Field("", description="pretend that serving began at this time (demos)")

    @field_validator("read_keys_sha256", "write_keys_sha256", "admin_keys_sha256")
    @classmethod
    def _are_hashes(cls, hashes: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch("[0-9a-f]{64}", one) for one in hashes):
            raise ValueError("64 hexadecimal digits each: `printf %s KEY | sha256sum`")
        return hashes


USUAL_KINDS = {
    "view": Kind(weight=0.1),
    "cart": Kind(weight=0.5),
    "purchase": Kind(weight=1.0, rest_hours=12),
    "return": Kind(weight=-1.0, rest_hours=720),
    "remove": Kind(weight=-0.5, rest_hours=24),
    "dismiss": Kind(weight=-1.0, rest_hours=720),
    "void": Kind(weight=0.0),
}


class Config(Section):
    """All of it."""

    storage: Storage = Storage()
    data: Data = Data()
    kinds: Mapping[str, Kind] = Field(
        USUAL_KINDS, description="the kinds of interactions there are, besides the usual ones"
    )
    items: Items = Items()
    churn: Churn = Churn()
    channels: Channels = Channels()
    segments: Segments = Segments()
    privacy: Privacy = Privacy()
    training: Training = Training()
    serving: Serving = Serving()

    @model_validator(mode="after")
    def _cancellation_is_a_kind(self) -> Self:
        if self.churn.cancel_kind not in {*self.kinds, ""}:
            raise ValueError(f"churn.cancel_kind is one of the kinds: {', '.join(self.kinds)}")
        return self

    @model_validator(mode="after")
    def _outcome_is_a_kind(self) -> Self:
        if self.channels.outcome not in {*self.kinds, ""}:
            raise ValueError(f"channels.outcome is one of the kinds: {', '.join(self.kinds)}")
        return self

    @field_validator("kinds", mode="before")
    @classmethod
    def _besides_the_usual(cls, given: object) -> object:
        return {**USUAL_KINDS, **given} if isinstance(given, Mapping) else given


def parse(file: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """Return the configuration of a parsed file, overridden by the environment.

    Parameters
    ----------
    file : mapping
        What ``tomllib`` read; empty for all defaults.
    environment : mapping of str to str
        ``RECSYS_<SECTION>__<KEY>`` overrides; other variables are left alone. A list is a JSON
        list, or its parts with commas between them.

    Raises
    ------
    UnknownKey
        A key that nothing reads; names the nearest known one.
    BadValue
        A value of the wrong type or out of range.
    """
    merged = _copy(file)
    for name, value in environment.items():
        if name.startswith(PREFIX) and "__" in name:
            _put(merged, name.removeprefix(PREFIX).lower().split("__"), value)
    try:
        config = Config.model_validate(merged)
    except ValidationError as error:
        raise _explained(error) from error
    kinds = (*config.kinds, *MESSAGE_KINDS)
    if unknown := [kind for kind in config.data.retention_days if kind not in kinds]:
        raise BadValue("data.retention_days", unknown[0], f"the kinds {', '.join(kinds)}")
    return config


def keys(section: type[Section] = Config, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield every key as (dotted name, default, meaning)."""
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from keys(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field.default, field.description or ""


def _copy(value: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copy(v) if isinstance(v, Mapping) else v for k, v in value.items()}


def _put(target: dict[str, Any], path: list[str], value: str) -> None:
    *sections, key = path
    for depth, section in enumerate(sections, start=1):
        target = target.setdefault(section, _default_sections(path[:depth]))
        if not isinstance(target, dict):
            raise BadValue(".".join(path), value, f"{section} is not a section")
    target[key] = _meant(path, value)


def _default_sections(path: list[str]) -> dict[str, Any]:
    # One channel that is overridden must not make the other default channels vanish.
    place: Any = Config()
    for name in path:
        place = place.get(name) if isinstance(place, Mapping) else getattr(place, name, None)
    named = place if isinstance(place, Mapping) else {}
    return {name: section.model_dump() for name, section in named.items()}


def _meant(path: Sequence[str], value: str) -> Any:
    """Return the list that a text means where a JSON list is written or a list is wanted."""
    try:
        if value.startswith("["):
            return json.loads(value)
    except ValueError:
        pass  # an IPv6 address, for example
    parts = (part.strip() for part in value.split(","))
    return [part for part in parts if part] if _is_list(path) else value


def _is_list(path: Sequence[str]) -> bool:
    place: Any = Config
    for name in path:
        field = getattr(place, "model_fields", {}).get(name)
        place = None if field is None else field.annotation
    return get_origin(place) is tuple


def _explained(error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return UnknownKey(key, known=_known(first["loc"]))
    return BadValue(key, first["input"], _allowed(first["msg"]))


def _allowed(message: str) -> str:
    """Return what is allowed, in words of this project."""
    plain = message.removeprefix("Value error, ").removeprefix("Input should be ")
    return plain.split(", unable to parse")[0]


def _known(place: tuple[int | str, ...]) -> list[str]:
    names = [name for name, _, _ in keys()]
    sections = sorted({name.rsplit(".", 1)[0] for name in names if "." in name})
    above = ".".join(str(part) for part in place[:-1])
    own: dict[str, type[Section]] = {"kinds": Kind, "channels": Channel}
    named = own.get(str(place[0])) if len(place) > 2 else None
    return [
        *names,
        *sections,
        *(f"{above}.{name}" for name in (named.model_fields if named else ())),
    ]
