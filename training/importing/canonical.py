"""Columns of a file as clean text, ids and numbers, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from recsys.config import Config
from recsys.data.ids import E_MAIL
from recsys.data.kinds import (
    MESSAGE_FAILED,
    MESSAGE_KINDS,
    MESSAGE_SENT,
    PAGES,
    PURCHASE,
    RETURN,
    VOID,
    is_machine_agent,
    meant,
    message_of,
)
from recsys.data.order_states import NOT_CANCELLED, is_void
from recsys.data.surfaces import DEVICE, MOST_CHARACTERS, PLACEMENT
from training.errors import UnclearColumn
from training.importing.amounts import Amounts
from training.importing.cells import id_of, ids_of, text_in, text_of
from training.importing.columns import FileColumns
from training.importing.identities import CALLS, said_of_people
from training.importing.less import LESS, less_discounts, less_refunds
from training.importing.read import RawFile
from training.importing.times import Times, parse_times, with_clocks


def times_of(raw: RawFile, found: FileColumns, config: Config) -> Times:
    """Return when each row was, from the first of the columns of time that says it."""
    first, *others = with_clocks([raw.frame[name] for name in found.columns["at"]])
    times = _parsed(first, config)
    for column in others:
        if times.at.null_count():
            at = times.at.zip_with(times.at.is_not_null(), _parsed(column, config).at)
            times = Times(at, times.spelling)
    return times


def _parsed(column: pl.Series, config: Config) -> Times:
    return parse_times(column, timezone=config.data.timezone, time_format=config.data.time_format)


def canonical_rows(
    raw: RawFile, found: FileColumns, amounts: Amounts, config: Config
) -> pl.DataFrame:
    """Return the rows of a file in our words: who, what, which kind, how much; null is unsaid."""
    frame = raw.frame.select(
        _user(raw, found, config).alias("user_id"),
        _anonymous(raw, found, config).alias("anonymous"),
        id_of(raw.frame, found, "item").alias("item_id"),
        _event_id(raw, found),
        _former_id(raw, found),
        id_of(raw.frame, found, "order").alias("order_id"),
        id_of(raw.frame, found, "of_order").alias("of_order"),
        id_of(raw.frame, found, "ref").alias("ref"),
        id_of(raw.frame, found, "mail").alias("mail"),
        text_of(found, "kind"),
        text_of(found, "call"),
        text_of(found, "channel"),
        text_of(found, "title"),
        text_of(found, "category").str.split("|").list.first(),
        text_of(found, "trait"),
        amounts.of["quantity"].fill_null(1.0).alias("quantity"),
        amounts.of["price"].alias("price"),
        amounts.of["total"].alias("total"),
        *(amounts.of[name].alias(name) for name in LESS),
        amounts.given["price"].alias("priced"),
        amounts.bad("quantity").alias("bad_quantity"),
        amounts.bad("price", "total", *LESS).alias("bad_price"),
        _stars(raw, found, config).alias("rating"),
        text_of(found, "pscore").alias("pscore_given"),
        text_of(found, "pscore").cast(pl.Float64, strict=False).alias("pscore"),
        _flag(found, "simulated"),
        _flag(found, "machine") | _machine_agents(raw, found),
        properties(found),
        *said_of_people(raw, found, config),
        _void(raw, found).alias("void"),
        text_of(found, "state", "cancelled_at").is_not_null().alias("says_state"),
        (_flag(found, "test") if "order" in found else pl.lit(value=False)).alias("test"),
        at_given=text_of(found, "at"),
    )
    signed = _signed(joined_by_mail(_with_kinds(frame, config)), config)
    if "of_order" in found:
        back = pl.when(pl.col("kind").is_in([RETURN, VOID])).then("of_order")
        signed = signed.with_columns(order_id=pl.coalesce(back, "order_id"))
    # Without its number, an order is at least what one row of the file says.
    together = pl.coalesce("order_id", pl.format("\0{}", raw.row))
    paid = less_refunds(less_discounts(signed.with_columns(together=together)))
    return paid.drop("together", "of_order")


def _user(raw: RawFile, found: FileColumns, config: Config) -> pl.Expr:
    """Return who it was; a guest, or a row without a user id, is known by the address beside it."""
    users = _people(raw, found, config, "user", "anonymous", "email")
    if not config.data.lower_case_emails:
        return users
    return pl.when(users.str.contains(E_MAIL)).then(users.str.to_lowercase()).otherwise(users)


def _people(raw: RawFile, found: FileColumns, config: Config, *meanings: str) -> pl.Expr:
    ids = [ids_of(raw.frame, name) for name in found.of(*meanings)]
    if guests := list(config.data.guests):
        ids = [pl.when(~one.is_in(guests)).then(one) for one in ids]
    return pl.coalesce(ids) if ids else pl.lit(None, pl.String)


def _anonymous(raw: RawFile, found: FileColumns, config: Config) -> pl.Expr:
    """Return whether the id of a device stands for whoever it was, and no user is named."""
    if "anonymous" not in found:
        return pl.lit(value=False)
    device = _people(raw, found, config, "anonymous").is_not_null()
    return device & _people(raw, found, config, "user").is_null()


def _event_id(raw: RawFile, found: FileColumns) -> pl.Expr:
    own = id_of(raw.frame, found, "event_id")
    if raw.place is None:
        return own.alias("event_id")
    place = pl.lit(raw.place)
    return pl.coalesce(pl.format("{}:{}", own, place), own).alias("event_id")


def _former_id(raw: RawFile, found: FileColumns) -> pl.Expr:
    """Return the id by which files gave a product of an order until it became that of requests."""
    if raw.place is None:
        return pl.lit(None, pl.String).alias("former_id")
    own, place = id_of(raw.frame, found, "event_id"), pl.lit(raw.place)
    former = pl.when(place == 0).then(own).otherwise(pl.format("{}#{}", own, place))
    return pl.when(place.is_not_null()).then(former).alias("former_id")


def _flag(found: FileColumns, meaning: str) -> pl.Expr:
    return text_of(found, meaning).str.to_lowercase().is_in(["true", "1"]).fill_null(value=False)


def _machine_agents(raw: RawFile, found: FileColumns) -> pl.Expr:
    agent = text_of(found, "agent")
    if "agent" not in found:
        return pl.lit(value=False)
    agents = raw.frame.select(agent).to_series().drop_nulls().unique()
    return agent.is_in([one for one in agents if is_machine_agent(one)]).fill_null(value=False)


def _with_kinds(frame: pl.DataFrame, config: Config) -> pl.DataFrame:
    """Return the rows with the kind of each: null for what is not understood, empty if unused."""
    kinds, own = tuple(config.kinds), _own_names(config)
    call = pl.col("call").str.to_lowercase()
    calls = {one for one in frame["call"].unique() if one is not None}
    known = any(meant("", one, kinds, has_item=True) is not None for one in calls)
    name = pl.when(call.is_in(PAGES)).then(call).otherwise(pl.col("kind"))
    frame = frame.with_columns(kind=pl.coalesce(name, "call") if known else name)
    # Unknown types are those of payments: what they call a refund is one, whatever its sign.
    back = [] if known else [one.lower() for one in calls if is_void(one)]
    names = [name for name in frame["kind"].unique(maintain_order=True) if name is not None]
    arms = list(config.channels.arms)
    frame = frame.with_columns(channel_said(names, arms))

    def told(*, has_item: bool, channel: str = "") -> pl.Expr:
        each = (meant(name, "", kinds, has_item=has_item, channel=channel) for name in names)
        told = [own.get(name.lower(), kind) for name, kind in zip(names, each, strict=True)]
        return pl.col("kind").replace_strict(names, told, default=None, return_dtype=pl.String)

    said = told(has_item=False)
    for arm in sorted(set(arms) & set(frame["channel"].unique())):
        through = told(has_item=False, channel=arm)
        said = pl.when(pl.col("channel") == arm).then(through).otherwise(said)
    said = pl.when(pl.col("item_id").is_not_null()).then(told(has_item=True)).otherwise(said)
    of_people = pl.coalesce(call, pl.col("kind").str.to_lowercase())
    return frame.with_columns(
        pl.col("kind").alias("name"),
        pl.when(of_people.is_in(CALLS)).then(of_people).alias("identity"),
        pl.when(pl.col("kind").is_not_null())
        .then(said)
        .when(call.is_in(back))
        .then(pl.lit(RETURN))
        .otherwise(_of_rating(config))
        .alias("kind"),
        pl.when(call.is_in(PAGES)).then(None).otherwise(pl.col("title")).alias("title"),
        pl.when(call.is_in(PAGES)).then(None).otherwise(pl.col("category")).alias("category"),
    ).drop("call", "rating")


def _stars(raw: RawFile, found: FileColumns, config: Config) -> pl.Expr:
    """Return the rating that a row is; null where it is an order or another event.

    Raises
    ------
    UnclearColumn
        The configured bounds are not of the scale of this file.
    """
    if found.of("kind", "order", "price", "quantity", "total") or "rating" not in found:
        return pl.lit(None, pl.Float64)
    stars = text_of(found, "rating").cast(pl.Float64, strict=False)
    most, like = raw.frame.select(stars.max()).item(), config.data.rating_like
    if most is not None and (most <= 1 < like or most >= 2 * like):
        why = f"ratings go up to {most:g}, and are liked from data.rating_like = {like:g} on"
        setting = "under [data] rating_like and rating_dislike by the scale of this file"
        raise UnclearColumn(found.of("rating")[0], why, setting)
    return stars


def _of_rating(config: Config) -> pl.Expr:
    stars, default = pl.col("rating"), pl.lit(config.data.default_kind)
    low = pl.when(stars <= config.data.rating_dislike).then(pl.lit("dismiss"))
    return low.when(stars < config.data.rating_like).then(pl.lit("view")).otherwise(default)


def _own_names(config: Config) -> dict[str, str]:
    return {name.lower(): kind for name, kind in config.data.names.items()}


def _void(raw: RawFile, found: FileColumns) -> pl.Expr:
    """Return whether a state of an order, or when it was cancelled, says that it is none."""
    void = pl.lit(value=False)
    for name in found.of("state"):
        states = raw.frame.select(text_in(name)).to_series().drop_nulls().unique()
        void = void | text_in(name).is_in([one for one in states if is_void(one)])
    for name in found.of("cancelled_at"):
        at = text_in(name).str.to_lowercase()
        void = void | ~at.fill_null("").is_in(sorted(NOT_CANCELLED))
    return void.fill_null(value=False)


def _signed(frame: pl.DataFrame, config: Config) -> pl.DataFrame:
    prefix = config.data.cancelled_order_prefix
    cancelled = pl.col("order_id").str.starts_with(prefix) if prefix else pl.lit(value=False)
    minus = pl.lit(value=False)
    if (frame["price"] < 0).any():
        # Of what is sold; what never is, is a voucher, and put aside.
        minus = (pl.col("price") < 0) & (pl.col("price") > 0).any().over("item_id")
    taken_back = (pl.col("kind") == PURCHASE) & (
        (pl.col("quantity") < 0) | (_total() < 0) | minus | cancelled
    )
    if frame["void"].any():
        void = _void_with_order(frame) & (pl.col("kind") == PURCHASE)
        frame = frame.with_columns(kind=pl.when(void).then(pl.lit(VOID)).otherwise("kind"))
    return (
        frame.drop("void", "says_state")
        .with_columns(
            kind_said="kind",
            kind=pl.when(taken_back.fill_null(value=False))
            .then(pl.lit(RETURN))
            .otherwise(pl.col("kind")),
        )
        .with_columns(
            quantity=pl.when(pl.col("kind").is_in([RETURN, VOID]))
            .then(pl.col("quantity").abs())
            .otherwise(pl.col("quantity")),
            price=pl.when(minus).then(pl.col("price").abs()).otherwise("price"),
        )
        .with_columns(value=pl.coalesce(pl.col("quantity") * pl.col("price"), _total().abs()))
    )


def _void_with_order(frame: pl.DataFrame) -> pl.Expr:
    """Return whether a line is void: by itself, or because the first line of its order alone says.

    Where a line is void and the first of its order is not, each line says what is true of it.
    """
    own = pl.col("void")
    voids = frame.filter(own)["order_id"].drop_nulls().unique()
    lines = frame.select("order_id", "void").filter(pl.col("order_id").is_in(voids.implode()))
    orders = lines.group_by("order_id").agg(first=own.first(), all=own.all(), any=own.any())
    if (orders["any"] & ~orders["first"]).any():
        return own
    several = orders.filter(pl.col("first") & ~pl.col("all"))["order_id"]
    return own | (pl.col("order_id").is_in(several.implode()) & ~pl.col("says_state"))


def _total() -> pl.Expr:
    """Return the money of the whole row, where no price of one unit is given."""
    return pl.when(~pl.col("priced")).then(pl.col("total"))


def channel_said(names: Sequence[str], arms: Sequence[str]) -> pl.Expr:
    """Return the ``channel`` of each row; where that is none of `arms`, what its ``kind`` names.

    Segment's calls have a channel of their own, ``server`` for example.

    Parameters
    ----------
    names : sequence of str
        All that the column ``kind`` holds, as the file spells it.
    arms : sequence of str
        The configured channels.
    """
    channels = [message_of(name)[1] or None for name in names]
    named = pl.col("kind").replace_strict(names, channels, default=None, return_dtype=pl.String)
    named = pl.when(pl.col("mail").is_not_null()).then(pl.lit("email")).otherwise(named)
    unknown = ~pl.col("channel").is_in(arms).fill_null(value=False)
    by_name = unknown & named.is_in(arms).fill_null(value=False)
    return pl.when(by_name).then(named).otherwise("channel").alias("channel")


def joined_by_mail(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows; those of one ``mail`` to one user name its message by one id.

    That a message was sent, or failed, is always told by a machine: nothing is made of that.
    """
    kind = pl.col("kind")
    mail = pl.format("email:{}:{}", "mail", "user_id")
    outcome = kind.is_in(MESSAGE_KINDS) & (kind != MESSAGE_SENT)
    sent = kind == MESSAGE_SENT
    return frame.with_columns(
        event_id=pl.when(sent).then(pl.coalesce(mail, "event_id")).otherwise("event_id"),
        ref=pl.when(outcome).then(pl.coalesce("ref", mail)).otherwise("ref"),
        machine=pl.col("machine") & ~kind.is_in([MESSAGE_SENT, MESSAGE_FAILED]),
    )


def properties(found: FileColumns) -> pl.Expr:
    """Return the properties of each event, a JSON object as text; null where it says neither."""
    said = [
        text_of(found, name).str.to_lowercase().str.slice(0, MOST_CHARACTERS).alias(name)
        for name in (DEVICE, PLACEMENT)
        if name in found
    ]
    if "recommendation" in found:
        said.append(text_of(found, "recommendation").alias("recommendation_id"))
    if not said:
        return pl.lit(None, pl.String).alias("properties")
    some = pl.any_horizontal(each.is_not_null() for each in said)
    return pl.when(some).then(pl.struct(said).struct.json_encode()).alias("properties")
