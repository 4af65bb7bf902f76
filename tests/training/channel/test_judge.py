"""Users as they were before each held-out decision."""

from __future__ import annotations

import numpy as np

from recsys.channel.hyper import recent_messages
from recsys.data.interactions import in_line
from recsys.data.times import DAY
from tests.recsys.channel.cases import MONDAY_NOON, messages
from training.channel.judge import crowd_of

MANY = (3, 6_000, 8_000, 400_000, 2_000_000_000)
SENT = messages(*((user, 0, days, False) for days in (0, 1, 300) for user in MANY))


def test_each_of_very_many_users_keeps_the_messages_of_the_weeks_before() -> None:
    users = np.array(MANY, np.int32)
    crowd = crowd_of(
        users,
        np.full(len(MANY), MONDAY_NOON + 1 * DAY),
        SENT,
        granted=np.ones((len(MANY), 3), bool),
        segment_row=np.zeros(len(MANY), np.int32),
    )
    assert crowd.sent_to.tolist() == [0, 1, 2, 3, 4]
    assert crowd.sent_at.tolist() == [MONDAY_NOON] * len(MANY)


def test_the_week_before_is_counted_right_for_very_many_users() -> None:
    assert recent_messages(SENT).tolist() == [0] * 5 + [1] * 5 + [0] * 5


def test_users_come_first_and_then_instants_however_many_there_are() -> None:
    at = np.array([0, MONDAY_NOON, MONDAY_NOON + 1, 4 * MONDAY_NOON])
    user = np.repeat(np.array([0, 8_000, 2_000_000_000], np.int32), len(at))
    line = in_line(user, np.tile(at, 3), at)
    assert (np.diff(line) > 0).all()
