"""Messages and the channels they went through."""

from __future__ import annotations

from recsys.data.times import DAY
from tests.recsys.channel.cases import MONDAY_NOON, messages


def test_channels_are_renumbered_by_name() -> None:
    sent = messages((0, 0, 0, True), (1, 1, 1, False), (2, 2, 2, True))
    own = sent.of_channels(("sms", "email"))
    assert own.channels == ("sms", "email")
    assert own.user_row.tolist() == [0, 2]
    assert own.channel.tolist() == [1, 0]


def test_no_messages_have_no_channels() -> None:
    assert len(messages().of_channels(("email",))) == 0
    assert len(messages(channels=()).of_channels(("email",))) == 0


def test_before_is_strict() -> None:
    sent = messages((0, 0, 0, True), (1, 1, 1, False))
    assert sent.before(MONDAY_NOON + DAY).user_row.tolist() == [0]
