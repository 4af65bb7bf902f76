"""What the churn model looks at, and how each thing is said in plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass

WINDOWS = (7, 14, 30, 60, 90, 180)


@dataclass(frozen=True, slots=True)
class Group:
    """Features that tell one story, so that a reason is given once and not per window.

    Attributes
    ----------
    name : str
        A short key.
    words : str
        The story, with places for the value of the `lead` feature and for the critical kind.
    missing : str
        The story when the lead feature has no value.
    features : tuple of str
        The features of the group.
    led_by : str
        The feature whose value is told; empty for the first one.
    """

    name: str
    words: str
    missing: str
    features: tuple[str, ...]
    led_by: str = ""

    @property
    def lead(self) -> str:
        """The feature whose value is told."""
        return self.led_by or self.features[0]

    def told(self, value: float, kind: str) -> str:
        """Return the story for a `value` of the lead feature (NaN: none) and the critical kind."""
        story = self.missing if math.isnan(value) else self.words
        return story.format(value=value, kind=kind)


def windowed(stem: str) -> tuple[str, ...]:
    """Return the names of a feature that is counted in each of the ``WINDOWS``."""
    return tuple(f"{stem}_{days}d" for days in WINDOWS)


NONE_YET = "no {kind} yet"
NO_GAP = "one day with a {kind} so far: no usual gap yet"

GROUPS = (
    Group(
        "recency",
        "{value:,.0f} days since the last {kind}",
        NONE_YET,
        ("recency_days", "recency_of_tenure"),
    ),
    Group(
        "overdue",
        "{value:,.1f} times the usual gap since the last {kind}",
        NO_GAP,
        ("recency_of_gap_mean", "recency_of_gap_median", "recency_of_gap_max"),
    ),
    Group(
        "rhythm",
        "usually {value:,.0f} days between one {kind} and the next",
        NO_GAP,
        (
            "gap_mean_days",
            "gap_median_days",
            "gap_sd_days",
            "gap_max_days",
            "gap_last_days",
            "gap_last_of_mean",
        ),
    ),
    Group("tenure", "{value:,.0f} days since the first {kind}", NONE_YET, ("tenure_days",)),
    Group(
        "frequency",
        "{value:,.0f} days with a {kind} in all",
        NONE_YET,
        ("active_days", "active_days_per_month"),
    ),
    Group(
        "lately",
        "{value:,.0f} days with a {kind} in the last 90 days",
        NONE_YET,
        (*windowed("active_days"), *windowed("previous_days"), *windowed("trend")),
        led_by="active_days_90d",
    ),
    Group(
        "spend",
        "{value:,.2f} spent per day with a {kind}",
        NONE_YET,
        (
            "value_per_day",
            "value",
            "value_first",
            "value_last",
            "value_last_of_mean",
            *windowed("value"),
        ),
    ),
    Group(
        "basket",
        "{value:,.0f} lines per day with a {kind}",
        NONE_YET,
        ("lines_per_day", "lines_last", "quantity", "quantity_per_day"),
    ),
    Group(
        "returns",
        "{value:.0%} of the money taken back by returns",
        NONE_YET,
        ("returned_share", "returns_90d"),
    ),
    Group(
        "visits",
        "{value:,.0f} days since anything else was seen of them",
        "no visits seen, only each {kind}",
        ("other_recency_days", "others_30d"),
    ),
)
FEATURES = tuple(feature for group in GROUPS for feature in group.features)

SIGNAL_GROUPS = (
    Group(
        "recommends",
        "the last answer to how likely they recommend: {value:.0f} of 10",
        "no answer to how likely they recommend",
        ("nps_last", "nps_age_days"),
    ),
    Group(
        "satisfaction",
        "the last rating of the support: {value:.0%} good",
        "no rating of the support",
        ("csat_last", "csat_age_days"),
    ),
    Group(
        "tickets",
        "support tickets in the last 90 days: {value:,.0f}",
        "no support tickets known",
        ("tickets_90d", "tickets_30d", "tickets", "ticket_age_days"),
    ),
    Group(
        "mails",
        "{value:,.0f} days since an e-mail was opened or clicked",
        "no e-mail opened or clicked in the last 90 days",
        ("mail_seen_age_days", "mails_90d", "mail_open_days_90d", "mail_click_days_90d"),
    ),
)
"""Of signals beside events: a version has those that clearly helped on held-out users."""

SIGNALS = tuple(feature for group in SIGNAL_GROUPS for feature in group.features)


def groups_of(n_features: int) -> tuple[Group, ...]:
    """Return the groups of a row of so many features: with signals, or of events alone."""
    return GROUPS if n_features == len(FEATURES) else (*GROUPS, *SIGNAL_GROUPS)


def names_of(n_features: int) -> tuple[str, ...]:
    """Return the names of so many features: with signals, or of events alone."""
    return FEATURES if n_features == len(FEATURES) else (*FEATURES, *SIGNALS)
