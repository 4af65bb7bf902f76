"""From rows of the log to messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recsys.config import Channels, ChannelSection, Config, Data
from recsys.data.ids import IdMap
from recsys.data.times import DAY, HOUR
from training.channel.messages import messages_from_log

NOON = 1_309_521_600_000_000  # 2011-07-01T12:00Z
CONFIG = Config(
    channels=Channels(
        arms={
            "email": ChannelSection(attribution_days=7.0),
            "push": ChannelSection(attribution_days=1.0),
        }
    )
)
USERS = IdMap.of(["a", "b"])


def columns(
    *rows: tuple[str, str, str, int, str, str | None, float | None],
) -> dict[str, list[Any]]:
    names = ("event_id", "user_id", "kind", "at", "channel", "ref", "pscore")
    table = {name: [row[n] for row in rows] for n, name in enumerate(names)}
    return {**table, "simulated": [False] * len(rows)}


def sent(name: str, user: str, at: int, channel: str = "email", pscore: float | None = 0.5):  # type: ignore[no-untyped-def]
    return (name, user, "message_sent", at, channel, None, pscore)


def came(kind: str, ref: str, at: int, user: str = "a", channel: str = "email"):  # type: ignore[no-untyped-def]
    return (f"{ref}-{kind}", user, f"message_{kind}", at, channel, ref, None)


LATE = sent("last", "b", NOON + 30 * DAY)


def test_outcomes_join_the_message_they_refer_to() -> None:
    found = messages_from_log(
        columns(
            came("responded", "m1", NOON + HOUR),
            sent("m1", "a", NOON),
            sent("m2", "a", NOON + 2 * HOUR, channel="push"),
            came("unsubscribed", "m2", NOON + 3 * HOUR, channel="push"),
            LATE,
        ),
        USERS,
        CONFIG,
    )
    assert found.channels == ("email", "push")
    assert found.channel.tolist() == [0, 1]
    assert found.responded.tolist() == [True, False]
    assert found.unsubscribed.tolist() == [False, True]
    assert not found.simulated


def test_messages_are_in_order_of_time() -> None:
    found = messages_from_log(
        columns(sent("m2", "b", NOON + HOUR), sent("m1", "a", NOON), LATE), USERS, CONFIG
    )
    assert found.user_row.tolist() == [0, 1]
    assert found.at.tolist() == [NOON, NOON + HOUR]


@pytest.mark.parametrize(
    ("channel", "after", "counts"),
    [
        ("push", DAY, True),
        ("push", DAY + 1, False),
        ("email", 7 * DAY, True),
        ("email", 7 * DAY + 1, False),
        ("email", -1, False),
    ],
)
def test_responses_count_within_the_window_of_the_channel(
    channel: str, after: int, *, counts: bool
) -> None:
    rows = columns(
        sent("m", "a", NOON, channel=channel),
        came("responded", "m", NOON + after, channel=channel),
        LATE,
    )
    assert messages_from_log(rows, USERS, CONFIG).responded.tolist() == [counts]


@pytest.mark.parametrize("channel", ["email", "push"])
def test_a_message_waits_for_the_longest_window_whatever_its_channel(channel: str) -> None:
    rows = columns(sent("m", "a", NOON, channel=channel))
    assert len(messages_from_log(rows, USERS, CONFIG, end=NOON + 7 * DAY - 1)) == 0
    assert len(messages_from_log(rows, USERS, CONFIG, end=NOON + 7 * DAY)) == 1


def test_other_kinds_channels_and_users_are_left_out() -> None:
    rows = columns(
        ("e", "a", "purchase", NOON, "", None, None),
        sent("fax", "a", NOON, channel="fax"),
        sent("stranger", "z", NOON),
        LATE,
    )
    assert len(messages_from_log(rows, USERS, CONFIG)) == 0


def test_a_missing_pscore_stays_missing() -> None:
    rows = columns(sent("m", "a", NOON, pscore=None), sent("n", "a", NOON, pscore=0.25), LATE)
    found = messages_from_log(rows, USERS, CONFIG).pscore
    assert np.isnan(found[0])
    assert found[1] == 0.25


def test_hours_are_local() -> None:
    london = CONFIG.model_copy(update={"data": Data(timezone="Europe/London")})
    found = messages_from_log(columns(sent("m", "a", NOON), LATE), USERS, london)
    assert found.local_hour.tolist() == [13]


def test_an_empty_log_has_no_messages() -> None:
    found = messages_from_log(columns(), USERS, CONFIG)
    assert len(found) == 0
    assert found.channels == ("email", "push")


def counting_opens() -> Config:
    arms = dict(CONFIG.channels.arms)
    arms["email"] = arms["email"].model_copy(update={"opens_count": True})
    return Config(channels=Channels(arms=arms))


def test_an_open_is_a_response_only_where_the_channel_says_so() -> None:
    rows = columns(
        sent("m", "a", NOON),
        sent("p", "a", NOON + 1, channel="push"),
        came("opened", "m", NOON + HOUR),
        came("opened", "p", NOON + HOUR, channel="push"),
        LATE,
    )
    assert messages_from_log(rows, USERS, CONFIG).responded.tolist() == [False, False]
    assert messages_from_log(rows, USERS, counting_opens()).responded.tolist() == [True, False]


def test_what_failed_was_not_sent() -> None:
    rows = columns(
        sent("m1", "a", NOON),
        sent("m2", "a", NOON + HOUR),
        came("failed", "m2", NOON + 2 * HOUR),
        ("c", "a", "message_responded", NOON + 3 * HOUR, "email", None, None),
        LATE,
    )
    found = messages_from_log(rows, USERS, CONFIG)
    assert found.at.tolist() == [NOON]
    assert found.responded.tolist() == [True]


def test_a_failure_that_names_no_message_takes_none_back() -> None:
    failure = ("f", "a", "message_failed", NOON + HOUR, "email", None, None)
    assert len(messages_from_log(columns(sent("m", "a", NOON), failure, LATE), USERS, CONFIG)) == 1
