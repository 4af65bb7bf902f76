"""The tables of the store, free of any one database's dialect.

What changes here needs a migration in ``migrations/versions``; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

METADATA = MetaData()

# SQLite gives a rowid only to INTEGER primary keys; other databases need the wide type.
SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")

EVENTS = Table(
    "events",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("event_id", Text, nullable=False, comment="of the same sender it is the same event"),
    Column("user_id", Text, nullable=False, comment="whose it is now"),
    Column("sent_as", Text, nullable=False, comment="the id under which it was sent"),
    Column("item_id", Text),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("quantity", Double, nullable=False),
    Column("value", Double, comment="money of the whole event; null where not known"),
    Column("order_id", Text),
    Column("channel", Text, comment="of a message"),
    Column("ref", Text, comment="event_id of the message that an outcome belongs to"),
    Column("pscore", Double, comment="P(this action) under the policy that chose it"),
    Column("properties", Text, comment="JSON object"),
    Column("simulated", Boolean(create_constraint=False), nullable=False),
    Column("source", Text, nullable=False, comment="file or client it came from"),
    Column("ingested_at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column(
        "machine",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=false(),
        comment="whether a crawler or a test did it, not a person",
    ),
    Column(
        "anonymous",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=false(),
        comment="whether sent_as is the id of a device, not of a user",
    ),
    UniqueConstraint("event_id", "sent_as"),
)
Index("events_of_user", EVENTS.c.user_id, EVENTS.c.seq)

_SENT = text("kind = 'message_sent'")
Index(
    "messages_of_user",
    EVENTS.c.user_id,
    EVENTS.c.at,
    sqlite_where=_SENT,
    postgresql_where=_SENT,
)

_REACTION = text("kind IN ('message_responded', 'message_opened')")
Index(
    "reactions_of_user",
    EVENTS.c.user_id,
    EVENTS.c.at,
    sqlite_where=_REACTION,
    postgresql_where=_REACTION,
)

ITEMS = Table(
    "items",
    METADATA,
    Column("item_id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("image_url", Text, nullable=False),
    Column("price", Double, comment="of one unit; null where not known"),
    Column("price_at", BigInteger, nullable=False, comment="when that price was seen"),
    Column("available", Boolean(create_constraint=False), nullable=False),
    Column(
        "attributes", Text, nullable=False, server_default="{}", comment="JSON object of strings"
    ),
    Column(
        "changed", BigInteger, nullable=False, server_default="0", comment="ascends with each write"
    ),
)
Index("items_changed", ITEMS.c.changed)

USERS = Table(
    "users",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("traits", Text, nullable=False, comment="JSON object of strings"),
    Column("timezone", Text, nullable=False, comment="IANA name; empty where not known"),
    Column(
        "anonymous",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=false(),
        comment="whether user_id is the id of a device, not of a user",
    ),
)

CONSENTS = Table(
    "consents",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("user_id", Text, nullable=False),
    Column("purpose", Text, nullable=False, comment="profiling or marketing"),
    Column("channel", Text, nullable=False, comment="of marketing; empty for profiling"),
    Column("state", Text, nullable=False, comment="granted or denied"),
    Column("basis", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column(
        "text_version",
        Text,
        nullable=False,
        server_default="",
        comment="of the text that was agreed to",
    ),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("owner", Text, nullable=False, server_default="", comment="who user_id was then"),
    UniqueConstraint("user_id", "purpose", "channel", "at", "state"),
)

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("decision_id", Text, nullable=False, comment="given by the caller"),
    Column("user_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("session", Text, nullable=False),
    Column("surface", Text, nullable=False, comment="placement"),
    Column("experiment", Text, nullable=False),
    Column("variant", Text, nullable=False),
    Column("rung", Text, nullable=False),
    Column("version", Text, nullable=False, comment="model version"),
    Column("model_sha256", Text, nullable=False, comment="of its manifest"),
    Column("features", Text, nullable=False, comment="JSON object: what the rung looked at"),
    Column("features_version", Integer, nullable=False, comment="schema of features"),
    Column("action", Text, nullable=False, comment="the arm that was chosen"),
    Column("send_at", BigInteger, comment="microseconds since the epoch; null: now, or never"),
    Column("pscore", Double, nullable=False, comment="P(this action) in this decision"),
    Column("explored", Boolean(create_constraint=False), nullable=False),
    Column("epsilon", Double, nullable=False, comment="share of decisions that explore"),
    Column("seed", BigInteger, nullable=False),
    Column("consent_seq", BigInteger, nullable=False, comment="last line of the user's ledger"),
    Column("cost", Double, nullable=False, comment="of the action, in currency"),
    Column("currency", Text, nullable=False, comment="unit of costs and values"),
    Column("answer", Text, nullable=False, comment="JSON object as answered: all arms, the trail"),
    Column("sent_as", Text, nullable=False, server_default="", comment="the id that was asked for"),
    UniqueConstraint("user_id", "decision_id"),
)

IMPORTS = Table(
    "imports",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("sha256", Text, nullable=False, comment="of the file"),
    Column("report", Text, nullable=False, comment="JSON object"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
)

ALIASES = Table(
    "aliases",
    METADATA,
    Column("previous_id", Text, primary_key=True, comment="an id that became another user"),
    Column("user_id", Text, nullable=False, comment="whose events they are now; empty: erased"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("into_id", Text, nullable=False, server_default="", comment="whom it was merged into"),
    Column("event_seq", BigInteger, nullable=False, server_default="0", comment="place in the log"),
    Column("profile", Text, nullable=False, server_default="", comment="JSON: what it had, gave"),
)
Index("aliases_of_user", ALIASES.c.user_id)
Index("aliases_by_place", ALIASES.c.event_seq)

SPLITS = Table(
    "splits",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True),
    Column("user_id", Text, nullable=False, comment="whose row in a model is not theirs alone"),
    Column("since", BigInteger, nullable=False, comment="of models with a watermark from here on"),
    Column("until", BigInteger, nullable=False, comment="and below this one"),
)
Index("splits_of_user", SPLITS.c.user_id)

ERASURES = Table(
    "erasures",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("user_id", Text, nullable=False, unique=True, comment="an id that is nobody any more"),
    Column("receipt_id", Text, nullable=False, comment="the same for all ids of one person"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("removed", Text, nullable=False, comment="JSON object: rows by table"),
)

PLACEMENTS = Table(
    "placements",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("placement_id", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="1, 2… of this placement"),
    Column("body", Text, nullable=False, comment="JSON object: the placement"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    UniqueConstraint("placement_id", "version"),
)

LISTS = Table(
    "lists",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("list_id", Text, nullable=False, unique=True, comment="recommendation_id"),
    Column("user_id", Text, nullable=False, comment="empty: for nobody in particular"),
    Column("placement_id", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="of the placement"),
    Column("model_version", Text, nullable=False),
    Column("rung", Text, nullable=False, comment="empty: every rung failed"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("items", Text, nullable=False, comment="JSON list of objects, in order"),
    Column("head", Text, nullable=False, comment="JSON object: the answer without its items"),
    Column("send_key", Text, unique=True, comment="the mailing that it was made for; null: none"),
    Column("secret", Text, nullable=False, comment="signs the cursors; empty: it has no pages"),
    Column("until", BigInteger, nullable=False, comment="when its cursors end; 0: it has none"),
)
Index("lists_of_user", LISTS.c.user_id)
Index("lists_of_placement", LISTS.c.placement_id, LISTS.c.at)

EXPOSURES = Table(
    "exposures",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("exposure_id", Text, nullable=False, unique=True, comment="the same is seen once"),
    Column("list_id", Text, nullable=False, comment="recommendation_id"),
    Column("user_id", Text, nullable=False, comment="empty: not known"),
    Column("kind", Text, nullable=False, comment="impression or click"),
    Column("item_id", Text, nullable=False),
    Column("rank", Integer, nullable=False, comment="place in the list from 1; 0: not said"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
)
Index("exposures_of_user", EXPOSURES.c.user_id)
Index("exposures_of_list", EXPOSURES.c.list_id)

STATEMENTS = Table(
    "statements",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("sent_as", Text, nullable=False, comment="the id under which it was said"),
    Column("user_id", Text, nullable=False, comment="of whom it is now"),
    Column("kind", Text, nullable=False, comment="trait, nps, csat or ticket"),
    Column("name", Text, nullable=False, comment="of the trait; empty: an outcome"),
    Column("value", Text, nullable=False),
    Column("source", Text, nullable=False, comment="tool and kind of its file"),
    Column("ref", Text, nullable=False, comment="the answer or ticket; empty: a trait"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("known_at", BigInteger, comment="when it was known of; null: at once"),
)
Index("statements_of_user", STATEMENTS.c.user_id)
_SAME_STATEMENT = [STATEMENTS.c[name] for name in ("sent_as", "kind", "name", "source", "ref")]
Index(
    "statements_traits",
    *_SAME_STATEMENT,
    unique=True,
    sqlite_where=text("kind = 'trait'"),
    postgresql_where=text("kind = 'trait'"),
)
# Of an outcome everything that was said stands: what was known at an instant must stay known.
Index(
    "statements_outcomes",
    *_SAME_STATEMENT,
    STATEMENTS.c.at,
    unique=True,
    sqlite_where=text("kind <> 'trait'"),
    postgresql_where=text("kind <> 'trait'"),
)

HOOKS = Table(
    "hooks",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("tool", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("body", Text, nullable=False, comment="sealed: it may hold addresses"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("done_at", BigInteger, comment="when it was looked at; null: it waits"),
    Column("report", Text, nullable=False, comment="JSON object: what its rows became"),
    Column("people", Text, nullable=False, comment="JSON array: of whom it says something"),
)
Index("hooks_waiting", HOOKS.c.done_at, HOOKS.c.seq)

DELIVERED = Table(
    "delivered",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True),
    Column("tool", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("sha256", Text, nullable=False, comment="of the row that the tool has"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    UniqueConstraint("tool", "user_id"),
)
Index("delivered_of_user", DELIVERED.c.user_id)

EXPORTS = Table(
    "exports",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("export_id", Text, nullable=False, unique=True),
    Column("sent_key", Text, unique=True, comment="JSON: who asked, and their idempotency key"),
    Column("asked", Text, nullable=False, comment="JSON object: what for"),
    Column("asked_by", Text, nullable=False, comment="label of a key; empty: none was needed"),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False, comment="it failed or ended; empty: it did not"),
    Column("version", Text, nullable=False, comment="model version; empty: not begun"),
    Column("people", Text, nullable=False, comment="SHA-256 of whom to look at, in order"),
    Column("parts", Text, nullable=False, comment="JSON array: files that are whole"),
    Column("worker", Text, nullable=False, comment="who makes it"),
    Column("users", BigInteger, nullable=False, comment="to look at"),
    Column("erasures", BigInteger, nullable=False, comment="seq of the last one before it began"),
    Column("created_at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("seen_at", BigInteger, nullable=False, comment="when its worker last said so"),
    Column("ended_at", BigInteger, comment="null: it has not"),
    Column("expires_at", BigInteger, comment="when its files go; null: there are none"),
)

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True),
    Column("webhook_id", Text, nullable=False, unique=True),
    Column("url", Text, nullable=False, comment="that is called"),
    Column("kinds", Text, nullable=False, comment="JSON array: what it is told"),
    Column("secrets", Text, nullable=False, comment="sealed JSON: until when each signs"),
    Column("off", Text, nullable=False, comment="why it is not called; empty: it is"),
    Column("created_at", BigInteger, nullable=False, comment="microseconds since the epoch"),
)

WEBHOOK_MESSAGES = Table(
    "webhook_messages",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True),
    Column("message_id", Text, nullable=False, comment="the same however often it is sent"),
    Column("webhook_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False, comment="JSON object as it is sent"),
    Column("user_id", Text, nullable=False, comment="of whom it is; empty: of nobody"),
    Column("created_at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("state", Text, nullable=False),
    Column("tries", Text, nullable=False, comment="JSON array: when, and what was answered"),
    Column("next_at", BigInteger, nullable=False, comment="when it is sent, while it waits"),
    Column("claimed_until", BigInteger, nullable=False, comment="a worker sends it until then"),
    UniqueConstraint("message_id", "webhook_id"),
)
Index("webhook_messages_due", WEBHOOK_MESSAGES.c.state, WEBHOOK_MESSAGES.c.next_at)
Index("webhook_messages_of", WEBHOOK_MESSAGES.c.webhook_id, WEBHOOK_MESSAGES.c.seq)
Index("webhook_messages_of_user", WEBHOOK_MESSAGES.c.user_id)

CHURN_BANDS = Table(
    "churn_bands",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("band", Text, nullable=False, comment="in which the user was seen last"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
)

AUDIENCE_STANDINGS = Table(
    "audience_standings",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("standing", Text, nullable=False, comment="JSON object: audience to in it or not"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
)

KEYS = Table(
    "keys",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of making"),
    Column("sha256", Text, nullable=False, unique=True, comment="of the key, which is not kept"),
    Column("label", Text, nullable=False, unique=True),
    Column("rights", Text, nullable=False, comment="JSON array: what it opens"),
    Column("origins", Text, nullable=False, comment="JSON array: of pages; empty: any"),
    Column("created_at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("expires_at", BigInteger, comment="null: never"),
    Column("revoked_at", BigInteger, comment="null: it is not"),
    Column("last_used_at", BigInteger, comment="null: never"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("actor", Text, nullable=False, comment="label of a key, or the command line"),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="user, version or label; of erased a receipt"),
)
Index("audit_of_subject", AUDIT.c.subject)

CONSOLE_ACCOUNTS = Table(
    "console_accounts",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False, comment="viewer, marketer, analyst or admin"),
    Column("password", Text, nullable=False, comment="salt and scrypt of it; empty: none"),
    Column("created_at", BigInteger, nullable=False, comment="microseconds since the epoch"),
)

CONSOLE_SESSIONS = Table(
    "console_sessions",
    METADATA,
    Column("sha256", Text, primary_key=True, comment="of the secret in the cookie"),
    Column("name", Text, nullable=False, comment="of the account"),
    Column("began_at", BigInteger, nullable=False, comment="microseconds since the epoch"),
    Column("used_at", BigInteger, nullable=False, comment="last, to the minute"),
)

CONSOLE_LINKS = Table(
    "console_links",
    METADATA,
    Column("sha256", Text, primary_key=True, comment="of the secret in the link"),
    Column("name", Text, nullable=False, comment="of the account that it lets in, once"),
    Column("until", BigInteger, nullable=False, comment="microseconds since the epoch"),
)

CONSOLE_FIGURES = Table(
    "console_figures",
    METADATA,
    Column("version", Text, primary_key=True, comment="model version"),
    Column("hour", BigInteger, primary_key=True, autoincrement=False, comment="since the epoch"),
    Column("body", Text, nullable=False, comment="JSON object: sums and counts, about nobody"),
)

EVENT_NAMES = Table(
    "event_names",
    METADATA,
    Column("name", Text, primary_key=True, comment="of an event, in lower case, as it is sent"),
    Column("kind", Text, nullable=False, comment="what it means; empty: understood, not used"),
    Column("at", BigInteger, nullable=False, comment="when that was said"),
)

STORE = Table(
    "store",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False, comment="of this store, whoever opens it"),
)

CHANGES = Table(
    "changes",
    METADATA,
    Column("user_id", Text, primary_key=True, comment="empty: everybody"),
    Column("seq", BigInteger, nullable=False, unique=True, comment="of the latest change"),
)

LOOKUPS = Table(
    "lookups",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False, comment="of a sensitive trait"),
    Column("hmac", Text, nullable=False, comment="of its value, by a key of the environment"),
    UniqueConstraint("user_id", "name"),
)
Index("lookups_by_hmac", LOOKUPS.c.hmac)

EXPERIMENTS = Table(
    "experiments",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("experiment_id", Text, nullable=False, comment="or rung:… of one that was taken out"),
    Column("version", Integer, nullable=False, comment="1, 2… of this experiment"),
    Column("status", Text, nullable=False, comment="what became of it then"),
    Column("body", Text, nullable=False, comment="JSON object: the experiment"),
    Column("salt", Text, nullable=False, comment="of this version"),
    Column("note", Text, nullable=False, comment="the variant that was decided for, or why"),
    Column("at", BigInteger, nullable=False, comment="microseconds since the epoch"),
)
Index("experiments_by_id", EXPERIMENTS.c.experiment_id)

PARTICIPANTS = Table(
    "participants",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, comment="order of arrival"),
    Column("sent_as", Text, nullable=False, comment="the id that was answered"),
    Column("cell", Text, nullable=False, comment="experiment, version, week and variant"),
    Column("user_id", Text, nullable=False, comment="whose it is now"),
    Column("experiment_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("period", Integer, nullable=False, comment="week of a step; 0: drawn once for all"),
    Column("variant", Text, nullable=False),
    Column("at", BigInteger, nullable=False, comment="first exposure, microseconds"),
    Column("placement", Text, nullable=False, comment="or the question that was asked"),
    Column("list_id", Text, nullable=False, comment="recommendation_id; empty: none"),
    Column("rung", Text, nullable=False, comment="of a step: the rung that it is about"),
    Column("segment", Text, nullable=False, comment="of the person then; empty: none"),
    Column("pscore", Double, nullable=False, comment="P(this variant) of who takes part"),
    UniqueConstraint("sent_as", "cell"),
)
Index("participants_of_user", PARTICIPANTS.c.user_id)
Index(
    "participants_by_experiment",
    PARTICIPANTS.c.experiment_id,
    PARTICIPANTS.c.version,
    PARTICIPANTS.c.user_id,
    PARTICIPANTS.c.period,
    PARTICIPANTS.c.variant,
    PARTICIPANTS.c.at,
)
