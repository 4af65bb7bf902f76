"""Rows of files that are messages, and what came of them: read as the API reads such events."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from recsys.event_names import MESSAGE_FAILED, MESSAGE_KINDS, MESSAGE_SENT, message_of


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
