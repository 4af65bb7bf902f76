"""What people were answered, and by which arrangement and experiment."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint

from recsys.storage.database.tables.columns import (
    flag,
    real,
    seq,
    small,
    table,
    text,
    time,
    whole,
)

table(
    "decisions",
    seq(),
    text("decision_id", "given by the caller"),
    text("user_id"),
    time("at"),
    text("session"),
    text("surface", "placement"),
    text("experiment"),
    text("variant"),
    text("rung"),
    text("version", "model version"),
    text("model_sha256", "of its manifest"),
    text("features", "JSON object: what the rung looked at"),
    small("features_version", "schema of features"),
    text("action", "the arm that was chosen"),
    whole("send_at", "microseconds since the epoch; null: now, or never", nullable=True),
    real("pscore", "P(this action) in this decision"),
    flag("explored"),
    real("epsilon", "share of decisions that explore"),
    whole("seed"),
    whole("consent_seq", "last line of the user's ledger"),
    real("cost", "of the action, in currency"),
    text("currency", "unit of costs and values"),
    text("answer", "JSON object as answered: all arms, the trail"),
    text("sent_as", "the id that was asked for", server_default=""),
    UniqueConstraint("user_id", "decision_id"),
)

table(
    "placements",
    seq(),
    text("placement_id"),
    small("version", "1, 2… of this placement"),
    text("body", "JSON object: the placement"),
    time("at"),
    UniqueConstraint("placement_id", "version"),
)

table(
    "lists",
    seq(),
    text("list_id", "recommendation_id", unique=True),
    text("user_id", "empty: for nobody in particular"),
    text("placement_id"),
    small("version", "of the placement"),
    text("model_version"),
    text("rung", "empty: every rung failed"),
    time("at"),
    text("items", "JSON list of objects, in order"),
    text("head", "JSON object: the answer without its items"),
    text("send_key", "the mailing that it was made for; null: none", unique=True, nullable=True),
    text("secret", "signs the cursors; empty: it has no pages"),
    whole("until", "when its cursors end; 0: it has none"),
    Index("lists_of_user", "user_id"),
    Index("lists_of_placement", "placement_id", "at"),
)

table(
    "exposures",
    seq(),
    text("exposure_id", "the same is seen once", unique=True),
    text("list_id", "recommendation_id"),
    text("user_id", "empty: not known"),
    text("kind", "impression or click"),
    text("item_id"),
    small("rank", "place in the list from 1; 0: not said"),
    time("at"),
    Index("exposures_of_list", "list_id"),
    Index("exposures_of_user", "user_id"),
)

table(
    "experiments",
    seq(),
    text("experiment_id", "or rung:… of one that was taken out"),
    small("version", "1, 2… of this experiment"),
    text("status", "what became of it then"),
    text("body", "JSON object: the experiment"),
    text("salt", "of this version"),
    text("note", "the variant that was decided for, or why"),
    time("at"),
    Index("experiments_by_id", "experiment_id"),
)

table(
    "participants",
    seq(),
    text("sent_as", "the id that was answered"),
    text("cell", "experiment, version, week and variant"),
    text("user_id", "whose it is now"),
    text("experiment_id"),
    small("version"),
    small("period", "week of a step; 0: drawn once for all"),
    text("variant"),
    whole("at", "first exposure, microseconds"),
    text("placement", "or the question that was asked"),
    text("list_id", "recommendation_id; empty: none"),
    text("rung", "of a step: the rung that it is about"),
    text("segment", "of the person then; empty: none"),
    real("pscore", "P(this variant) of who takes part"),
    UniqueConstraint("sent_as", "cell"),
    Index(
        "participants_by_experiment",
        "experiment_id",
        "version",
        "user_id",
        "period",
        "variant",
        "at",
    ),
    Index("participants_of_user", "user_id"),
)

table(
    "churn_bands",
    text("user_id", primary_key=True),
    text("band", "in which the user was seen last"),
    time("at"),
)

table(
    "audience_standings",
    text("user_id", primary_key=True),
    text("standing", "JSON object: audience to in it or not"),
    time("at"),
)
