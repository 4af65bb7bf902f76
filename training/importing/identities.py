"""Rows that say who somebody is: sign-ins and merged ids, kept as the API keeps them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from recsys.config import Config
from recsys.data.ids import E_MAIL
from recsys.storage.database.interface import Database
from recsys.storage.users.aliases import NOBODY, became
from recsys.storage.users.merges import Authority, MergeOutcome, merge, nobody
from recsys.storage.users.profiles import Profiles
from training.importing.cells import id_of, text_of
from training.importing.columns import FileColumns
from training.importing.read import RawFile

IDENTIFY, ALIAS = "identify", "alias"
CALLS = (IDENTIFY, ALIAS)

REASONS = {
    "no_previous": "an alias does not say which id became the user",
    str(MergeOutcome.KNOWN): "the other id is a known user, not a stranger's: "
    "only `recsys storage merge` makes them one",
    str(MergeOutcome.CLAIMED): "the other id became another user already",
    str(MergeOutcome.ERASED): "it is about a user who was erased",
}


@dataclass(frozen=True, slots=True)
class KeptRows:
    """What became of such rows: how many were kept, and where the others stand and why."""

    rows: int
    place: pl.Series
    reason: pl.Series


def said_of_people(raw: RawFile, found: FileColumns, config: Config) -> tuple[pl.Expr, ...]:
    """Return, of each row, the id that the user had until then, and the time zone.

    An ``identify`` has it as its anonymous id, an ``alias`` as its previous one.
    """
    device, former = (id_of(raw.frame, found, name) for name in ("anonymous", "previous"))
    previous = pl.coalesce(former, device)
    if config.data.lower_case_emails:
        lower = pl.when(previous.str.contains(E_MAIL)).then(previous.str.to_lowercase())
        previous = pl.coalesce(lower, previous)
    return previous.alias("previous_id"), text_of(found, "timezone")


def keep(rows: pl.DataFrame, database: Database, *, trait: str, now: int) -> KeptRows:
    """Keep what is said of users, in order of time; after the events of the file are logged.

    Nothing is kept about who was erased. Who signs in takes the history of the device along; an id
    that is somebody's is not given to another.

    Parameters
    ----------
    rows : DataFrame
        ``place``, ``at``, ``identity`` (one of ``CALLS``), ``user_id``, ``previous_id``, ``trait``,
        ``timezone`` and ``anonymous``.
    database : Database
        The store.
    trait : str
        What the trait is called.
    now : int
        Microseconds since the epoch.

    Raises
    ------
    StoreUnavailable
        What comes later in `rows` was not kept.
    """
    owners = became(database, [*rows["user_id"], *rows["previous_id"].drop_nulls()])
    erased = [one for one, owner in owners.items() if owner == NOBODY]
    people = rows.filter(pl.col("identity") == IDENTIFY, ~pl.col("user_id").is_in(erased))
    Profiles(database).put_users(
        (
            (row["user_id"], {trait: row["trait"]} if row["trait"] else {}, row["timezone"] or "")
            for row in people.sort("at", nulls_last=False).iter_rows(named=True)
        ),
        anonymous=set(people.filter("anonymous")["user_id"]),
    )
    pairs = rows.filter(pl.col("previous_id") != pl.col("user_id")).sort("at", nulls_last=True)
    pairs = pairs.select("previous_id", "user_id").unique(maintain_order=True)
    outcomes = [
        str(merge(database, previous, user, at=now, authority=Authority(allowed=nobody)))
        for previous, user in pairs.iter_rows()
    ]
    judged = rows.join(
        pairs.with_columns(pl.Series("outcome", outcomes, dtype=pl.String)),
        on=["previous_id", "user_id"],
        how="left",
    )
    gone = pl.when(pl.col("user_id").is_in(erased)).then(pl.lit(str(MergeOutcome.ERASED)))
    refused = pl.when(pl.col("outcome").is_in(list(REASONS))).then("outcome")
    judged = judged.with_columns(reason=pl.coalesce(gone, refused))
    bad = judged.filter(pl.col("reason").is_not_null())
    return KeptRows(len(rows) - len(bad), bad["place"], bad["reason"])
