"""What is kept in mind of users."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from api.answers.gather import ANYBODY, Recall
from recsys.data.person import ERASED, NOTHING_REMEMBERED, LiveEvent, Remembered

VIEW = LiveEvent("tea", "view", 1, 1.0, 0.0)
SEEN = Remembered(live=(VIEW,), channels=frozenset({"email"}))


def kept(
    recall: Recall, user: str, remembered: Remembered = SEEN, *, marketing: bool = True
) -> None:
    recall.keep(user, remembered, since=5, at=9, marketing=marketing)


def test_a_user_is_recalled_as_the_store_told() -> None:
    recall = Recall(10)
    kept(recall, "ann")
    assert recall.recall("ann", since=5, marketing=True) == (SEEN, 9)
    assert recall.recall("ann", since=5, marketing=False) == (SEEN, 9)


def test_events_of_before_another_model_are_left_out() -> None:
    recall = Recall(10)
    kept(recall, "ann")
    found, _ = recall.recall("ann", since=6, marketing=True)
    assert found == Remembered(channels=frozenset({"email"}))


def test_channels_are_not_made_up_for_who_was_never_asked_for_them() -> None:
    recall = Recall(10)
    recall.follow(lambda seq: [])
    kept(recall, "ann", marketing=False)
    found, at = recall.recall("ann", since=5, marketing=True)
    assert (found, at) == (Remembered(), None)


def test_nobody_is_profiled_while_the_ledger_was_never_read() -> None:
    assert Recall(10).recall("ann", since=5, marketing=True) == (ANYBODY, None)
    assert not ANYBODY.readable


def test_what_was_said_about_profiling_holds_for_everybody() -> None:
    recall, asked = Recall(10), []
    lines = [("ann", "denied", 4, 1), ("ben", "granted", 4, 2), ("ann", "granted", 3, 3)]

    def after(seq: int) -> list[tuple[str, str, int, int]]:
        asked.append(seq)
        return [line for line in lines if line[3] > seq]

    recall.follow(after)
    lines.append(("ben", "denied", 8, 4))
    recall.follow(after)
    said = [
        recall.recall(user, since=5, marketing=True)[0].profiling for user in ("ann", "ben", "c")
    ]
    assert said == [False, False, None]
    assert asked == [0, 3]


def test_a_denial_after_the_user_was_seen_holds() -> None:
    recall = Recall(10)
    kept(recall, "ann")
    recall.follow(lambda seq: [("ann", "denied", 4, 1)])
    assert recall.recall("ann", since=5, marketing=True)[0].profiling is False


def test_who_was_erased_is_forgotten_for_good() -> None:
    recall, asked = Recall(10), []
    kept(recall, "ann")
    kept(recall, "ann", marketing=False)
    kept(recall, "ben")

    def after(seq: int) -> list[tuple[str, int]]:
        asked.append(seq)
        return [one for one in [("ann", 3), ("phone", 4)] if one[1] > seq]

    recall.forget_erased(after)
    recall.forget_erased(after)
    kept(recall, "ann")  # a request that had read the store before
    for user in ("ann", "phone"):
        assert recall.recall(user, since=5, marketing=True) == (ERASED, None)
    assert recall.recall("ben", since=5, marketing=True) == (SEEN, 9)
    assert asked == [0, 4]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 6)), max_size=60))
def test_memory_is_bounded_and_the_latest_stay(users: list[tuple[str, int]]) -> None:
    recall = Recall(12)
    recall.follow(lambda seq: [])
    for user, events in users:
        kept(recall, user, Remembered(live=(VIEW,) * events))
        assert len(recall) <= 12
    if users:
        assert recall.recall(users[-1][0], since=5, marketing=True)[1] == 9


def test_nobody_is_kept_where_nothing_may_be() -> None:
    recall = Recall(0)
    kept(recall, "ann", NOTHING_REMEMBERED)
    assert len(recall) == 0
