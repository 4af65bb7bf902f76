"""What runs the service: files, tools, keys, the console."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint

from recsys.storage.database.tables.columns import (
    seq,
    table,
    text,
    time,
    whole,
)

table(
    "imports",
    seq(),
    text("sha256", "of the file"),
    text("report", "JSON object"),
    time("at"),
)

table(
    "hooks",
    seq(),
    text("tool"),
    text("content_type"),
    text("body", "sealed: it may hold addresses"),
    time("at"),
    whole("done_at", "when it was looked at; null: it waits", nullable=True),
    text("report", "JSON object: what its rows became"),
    text("people", "JSON array: of whom it says something"),
    Index("hooks_waiting", "done_at", "seq"),
)

table(
    "delivered",
    seq(""),
    text("tool"),
    text("user_id"),
    text("sha256", "of the row that the tool has"),
    time("at"),
    UniqueConstraint("tool", "user_id"),
    Index("delivered_of_user", "user_id"),
)

table(
    "exports",
    seq(),
    text("export_id", unique=True),
    text("sent_key", "JSON: who asked, and their idempotency key", unique=True, nullable=True),
    text("asked", "JSON object: what for"),
    text("asked_by", "label of a key; empty: none was needed"),
    text("state"),
    text("why", "it failed or ended; empty: it did not"),
    text("version", "model version; empty: not begun"),
    text("people", "SHA-256 of whom to look at, in order"),
    text("parts", "JSON array: files that are whole"),
    text("worker", "who makes it"),
    whole("users", "to look at"),
    whole("erasures", "seq of the last one before it began"),
    time("created_at"),
    whole("seen_at", "when its worker last said so"),
    whole("ended_at", "null: it has not", nullable=True),
    whole("expires_at", "when its files go; null: there are none", nullable=True),
)

table(
    "webhooks",
    seq(""),
    text("webhook_id", unique=True),
    text("url", "that is called"),
    text("kinds", "JSON array: what it is told"),
    text("secrets", "sealed JSON: until when each signs"),
    text("off", "why it is not called; empty: it is"),
    time("created_at"),
)

table(
    "webhook_messages",
    seq(""),
    text("message_id", "the same however often it is sent"),
    text("webhook_id"),
    text("kind"),
    text("body", "JSON object as it is sent"),
    text("user_id", "of whom it is; empty: of nobody"),
    time("created_at"),
    text("state"),
    text("tries", "JSON array: when, and what was answered"),
    whole("next_at", "when it is sent, while it waits"),
    whole("claimed_until", "a worker sends it until then"),
    UniqueConstraint("message_id", "webhook_id"),
    Index("webhook_messages_of", "webhook_id", "seq"),
    Index("webhook_messages_of_user", "user_id"),
    Index("webhook_messages_due", "state", "next_at"),
)

table(
    "keys",
    seq("order of making"),
    text("sha256", "of the key, which is not kept", unique=True),
    text("label", unique=True),
    text("rights", "JSON array: what it opens"),
    text("origins", "JSON array: of pages; empty: any"),
    time("created_at"),
    whole("expires_at", "null: never", nullable=True),
    whole("revoked_at", "null: it is not", nullable=True),
    whole("last_used_at", "null: never", nullable=True),
)

table(
    "audit",
    seq(),
    time("at"),
    text("actor", "label of a key, or the command line"),
    text("action"),
    text("subject", "user, version or label; of erased a receipt"),
    Index("audit_of_subject", "subject"),
)

table(
    "console_accounts",
    seq(""),
    text("name", unique=True),
    text("role", "viewer, marketer, analyst or admin"),
    text("password", "salt and scrypt of it; empty: none"),
    time("created_at"),
)

table(
    "console_sessions",
    text("sha256", "of the secret in the cookie", primary_key=True),
    text("name", "of the account"),
    time("began_at"),
    whole("used_at", "last, to the minute"),
)

table(
    "console_links",
    text("sha256", "of the secret in the link", primary_key=True),
    text("name", "of the account that it lets in, once"),
    time("until"),
)

table(
    "console_figures",
    text("version", "model version", primary_key=True),
    whole("hour", "since the epoch", autoincrement=False, primary_key=True),
    text("body", "JSON object: sums and counts, about nobody"),
)

table(
    "event_names",
    text("name", "of an event, in lower case, as it is sent", primary_key=True),
    text("kind", "what it means; empty: understood, not used"),
    whole("at", "when that was said"),
)

table(
    "store",
    text("name", primary_key=True),
    text("value", "of this store, whoever opens it"),
)

table(
    "changes",
    text("user_id", "empty: everybody", primary_key=True),
    whole("seq", "of the latest change", unique=True),
)
