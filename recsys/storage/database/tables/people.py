"""Who people are, what they did, said and allowed."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint, false

from recsys.storage.database.tables.columns import (
    flag,
    partial_index,
    real,
    seq,
    table,
    text,
    time,
    whole,
)

table(
    "events",
    seq(),
    text("event_id", "of the same sender it is the same event"),
    text("user_id", "whose it is now"),
    text("sent_as", "the id under which it was sent"),
    text("item_id", nullable=True),
    text("kind"),
    time("at"),
    real("quantity"),
    real("value", "money of the whole event; null where not known", nullable=True),
    text("order_id", nullable=True),
    text("channel", "of a message", nullable=True),
    text("ref", "event_id of the message that an outcome belongs to", nullable=True),
    real("pscore", "P(this action) under the policy that chose it", nullable=True),
    text("properties", "JSON object", nullable=True),
    flag("simulated"),
    text("source", "file or client it came from"),
    time("ingested_at"),
    flag("machine", "whether a crawler or a test did it, not a person", server_default=false()),
    flag(
        "anonymous", "whether sent_as is the id of a device, not of a user", server_default=false()
    ),
    UniqueConstraint("event_id", "sent_as"),
    partial_index("messages_of_user", "user_id", "at", where="kind = 'message_sent'"),
    partial_index(
        "reactions_of_user",
        "user_id",
        "at",
        where="kind IN ('message_responded', 'message_opened')",
    ),
    partial_index("failures_of_user", "user_id", "ref", where="kind = 'message_failed'"),
    Index("events_of_user", "user_id", "seq"),
)

table(
    "items",
    text("item_id", primary_key=True),
    text("title"),
    text("category"),
    text("url"),
    text("image_url"),
    real("price", "of one unit; null where not known", nullable=True),
    whole("price_at", "when that price was seen"),
    flag("available"),
    text("attributes", "JSON object of strings", server_default="{}"),
    whole("changed", "ascends with each write", server_default="0"),
    Index("items_changed", "changed"),
)

table(
    "users",
    text("user_id", primary_key=True),
    text("traits", "JSON object of strings"),
    text("timezone", "IANA name; empty where not known"),
    flag(
        "anonymous", "whether user_id is the id of a device, not of a user", server_default=false()
    ),
)

table(
    "consents",
    seq(),
    text("user_id"),
    text("purpose", "profiling or marketing"),
    text("channel", "of marketing; empty for profiling"),
    text("state", "granted or denied"),
    text("basis"),
    text("source"),
    text("text_version", "of the text that was agreed to", server_default=""),
    time("at"),
    text("owner", "who user_id was then", server_default=""),
    UniqueConstraint("user_id", "purpose", "channel", "at", "state"),
)

table(
    "aliases",
    text("previous_id", "an id that became another user", primary_key=True),
    text("user_id", "whose events they are now; empty: erased"),
    time("at"),
    text("into_id", "whom it was merged into", server_default=""),
    whole("event_seq", "place in the log", server_default="0"),
    text("profile", "JSON: what it had, gave", server_default=""),
    Index("aliases_of_user", "user_id"),
    Index("aliases_by_place", "event_seq"),
)

table(
    "splits",
    seq(""),
    text("user_id", "whose row in a model is not theirs alone"),
    whole("since", "of models with a watermark from here on"),
    whole("until", "and below this one"),
    Index("splits_of_user", "user_id"),
)

table(
    "erasures",
    seq(),
    text("user_id", "an id that is nobody any more", unique=True),
    text("receipt_id", "the same for all ids of one person"),
    time("at"),
    text("removed", "JSON object: rows by table"),
)

table(
    "statements",
    seq(),
    text("sent_as", "the id under which it was said"),
    text("user_id", "of whom it is now"),
    text("kind", "trait, nps, csat or ticket"),
    text("name", "of the trait; empty: an outcome"),
    text("value"),
    text("source", "tool and kind of its file"),
    text("ref", "the answer or ticket; empty: a trait"),
    time("at"),
    whole("known_at", "when it was known of; null: at once", nullable=True),
    # Of an outcome everything that was said stands: what was known at an instant must stay known.
    partial_index(
        "statements_outcomes",
        "sent_as",
        "kind",
        "name",
        "source",
        "ref",
        "at",
        where="kind <> 'trait'",
        unique=True,
    ),
    Index("statements_of_user", "user_id"),
    partial_index(
        "statements_traits",
        "sent_as",
        "kind",
        "name",
        "source",
        "ref",
        where="kind = 'trait'",
        unique=True,
    ),
)

table(
    "lookups",
    seq(""),
    text("user_id"),
    text("name", "of a sensitive trait"),
    text("hmac", "of its value, by a key of the environment"),
    UniqueConstraint("user_id", "name"),
    Index("lookups_by_hmac", "hmac"),
)
