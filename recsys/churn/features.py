"""What the churn model looks at, and how each thing is said in plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recsys.words import Words, say

WINDOWS = (7, 14, 30, 60, 90, 180)


@dataclass(frozen=True, slots=True)
class Group:
    """Features that tell one story, so that a reason is given once and not per window.

    Attributes
    ----------
    name : str
        A short key; ``risk.`` and it are the code of the story.
    missing : str
        Code of the story when the lead feature has no value.
    features : tuple of str
        The features of the group.
    led_by : str
        The feature whose value is told; empty for the first one.
    """

    name: str
    missing: str
    features: tuple[str, ...]
    led_by: str = ""

    @property
    def lead(self) -> str:
        """The feature whose value is told."""
        return self.led_by or self.features[0]

    def told(self, value: float, kind: str) -> Words:
        """Return the story for a `value` of the lead feature (NaN: none) and the critical kind."""
        if math.isnan(value):
            return say(self.missing, kind=kind)
        return say(f"risk.{self.name}", value=value, kind=kind)


def windowed(stem: str) -> tuple[str, ...]:
    """Return the names of a feature that is counted in each of the ``WINDOWS``."""
    return tuple(f"{stem}_{days}d" for days in WINDOWS)


NONE_YET = "risk.none"
NO_GAP = "risk.no_gap"

GROUPS = (
    Group(
        "recency",
        NONE_YET,
        ("recency_days", "recency_of_tenure"),
    ),
    Group(
        "overdue",
        NO_GAP,
        ("recency_of_gap_mean", "recency_of_gap_median", "recency_of_gap_max"),
    ),
    Group(
        "rhythm",
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
    Group("tenure", NONE_YET, ("tenure_days",)),
    Group(
        "frequency",
        NONE_YET,
        ("active_days", "active_days_per_month"),
    ),
    Group(
        "lately",
        NONE_YET,
        (*windowed("active_days"), *windowed("previous_days"), *windowed("trend")),
        led_by="active_days_90d",
    ),
    Group(
        "spend",
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
        NONE_YET,
        ("lines_per_day", "lines_last", "quantity", "quantity_per_day"),
    ),
    Group(
        "returns",
        NONE_YET,
        ("returned_share", "returns_90d"),
    ),
    Group(
        "visits",
        "risk.no_visits",
        ("other_recency_days", "others_30d"),
    ),
)
FEATURES = tuple(feature for group in GROUPS for feature in group.features)

SIGNAL_GROUPS = (
    Group(
        "recommends",
        "risk.no_recommends",
        ("nps_last", "nps_age_days"),
    ),
    Group(
        "satisfaction",
        "risk.no_satisfaction",
        ("csat_last", "csat_age_days"),
    ),
    Group(
        "tickets",
        "risk.no_tickets",
        ("tickets_90d", "tickets_30d", "tickets", "ticket_age_days"),
    ),
    Group(
        "mails",
        "risk.no_mails",
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
