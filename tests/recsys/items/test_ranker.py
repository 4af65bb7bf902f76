"""The learned ranker over what the parts say."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.algorithms.repeat_rate import Habits
from recsys.algorithms.trees import Trees
from recsys.data.times import DAY
from recsys.items.history import History
from recsys.items.ranker import NEW, OWN, STANDARD, Blended, habits_of, own
from recsys.items.slate import ItemQuery
from tests.present import present
from tests.recsys.items.shop import (
    AT,
    EVERYTHING,
    N_ITEMS,
    PURCHASE,
    RETURN,
    VIEW,
    WEIGHTS,
    allowed,
    blended_models,
    events,
    interactions,
    person,
)

PLAIN = blended_models()
BLENDED = present(PLAIN.blended(PLAIN.taste()))


def asked(user: int) -> tuple[History, Habits]:
    past = interactions().of_user(user)
    return WEIGHTS.past(past, at=AT), habits_of(past, PURCHASE, at=AT)


def test_what_was_had_before_comes_first_where_the_weights_say_so() -> None:
    items, _, _ = BLENDED.rank(*asked(0), None, 4)
    assert set(items[:3].tolist()) == {1, 2, 3}
    assert items[3] == 0


def test_the_score_is_the_weighted_sum_of_what_the_parts_say() -> None:
    history, had = asked(0)
    pair, score, blend = BLENDED.parts.pair(history), BLENDED.score(history, had), BLENDED.blend
    expected = blend.new_item[5] + blend.new_weight @ pair[:4, 5]
    assert score[5] == pytest.approx(expected, rel=1e-6)
    said = own(pair, had)[:, had.item_row.tolist().index(2)]
    assert score[2] == pytest.approx(blend.own_item[2] + blend.own_weight @ said, rel=1e-6)


def test_signals_have_the_length_that_they_are_named_for() -> None:
    history, had = asked(0)
    pair = BLENDED.parts.pair(history)
    assert pair.shape == (len(NEW), N_ITEMS)
    assert own(pair, had).shape == (len(OWN), 3)
    assert np.isfinite(pair).all()


def test_standardised_scores_have_mean_0_and_spread_1_over_what_is_new() -> None:
    history, had = asked(0)
    new = np.setdiff1d(np.arange(N_ITEMS), had.item_row)
    for name in STANDARD[:2]:
        row = BLENDED.parts.pair(history)[NEW.index(name), new]
        assert row.mean() == pytest.approx(0, abs=1e-6)
        assert row.std() == pytest.approx(1, rel=1e-5)


def test_where_there_is_no_order_it_says_nothing() -> None:
    pair = BLENDED.parts.pair(asked(0)[0])
    silent = [NEW.index(name) for name in NEW if name.startswith("next")]
    assert len(silent) == 4
    assert not pair[silent].any()


def test_one_strong_edge_is_told_from_many_weak_ones() -> None:
    history, _ = asked(0)
    squared = BLENDED.parts.pair(history)[NEW.index("neighbours, squared")]
    edges = [dict(zip(*BLENDED.parts.neighbours.of_item(row), strict=True)) for row in (1, 2, 3)]
    expected = sum(w * e.get(0, 0) ** 2 for w, e in zip(history.weight, edges, strict=True))
    assert np.exp(squared[0]) == pytest.approx(expected + 1e-6, rel=1e-4)


def test_many_users_at_once_get_what_each_gets_alone() -> None:
    histories = [asked(user)[0] for user in (0, 7, 12, 13)]
    together = list(BLENDED.parts.pair_all(histories))
    assert len(together) == 4
    for history, said in zip(histories, together, strict=True):
        np.testing.assert_allclose(said, BLENDED.parts.pair(history), rtol=1e-3, atol=1e-3)


def test_any_available_item_may_be_ranked_but_only_with_a_reason_that_speaks_for_it() -> None:
    items, _, because = BLENDED.rank(*asked(0), None, N_ITEMS)
    assert sorted(items.tolist()) == list(range(N_ITEMS))
    assert set(because[items >= 4].tolist()) == {-1}
    assert set(because[items < 4].tolist()) <= {1, 2, 3}


def test_what_is_not_available_is_never_ranked() -> None:
    models = blended_models(available=allowed(0, 1, 5))
    items, _, _ = present(models.blended(models.taste())).rank(*asked(0), None, N_ITEMS)
    assert set(items.tolist()) == {0, 1, 5}


def test_an_empty_history_ranks_nothing() -> None:
    assert [len(part) for part in BLENDED.rank(*asked(13), None, 5)] == [0, 0, 0]


def test_only_the_critical_kind_makes_a_habit() -> None:
    seen = events((1, VIEW, 90), (2, PURCHASE, 95), (2, RETURN, 96), (-1, PURCHASE, 97))
    had = habits_of(seen, PURCHASE, at=100 * DAY)
    assert had.item_row.tolist() == [2]
    assert had.since_days.tolist() == [5]


def test_at_the_instant_of_training_the_hyper_rung_agrees_with_the_ready_list() -> None:
    one_to_one = PLAIN.one_to_one()
    query = ItemQuery(8, EVERYTHING)
    for user in range(12):
        who = person(user)
        now = present(one_to_one.now(who.past, who.live, query, at=AT, source="hyper"))
        ready = present(one_to_one.answer(who, query))
        np.testing.assert_array_equal(now.item_row, ready.item_row)
        np.testing.assert_array_equal(now.score, ready.score)


def test_one_live_event_changes_the_answer_at_once() -> None:
    hyper = PLAIN.ladder({}).rungs[0]
    query = ItemQuery(8, EVERYTHING)
    before = present(hyper.answer(person(0, (1, PURCHASE, 101)), query))
    after = present(hyper.answer(person(0, (1, PURCHASE, 101), (5, PURCHASE, 102)), query))
    of_its_club = [each.score[each.item_row.tolist().index(6)] for each in (before, after)]
    assert before.item_row.tolist() != after.item_row.tolist()
    assert of_its_club[1] > of_its_club[0] + 1


def by_trees(share: float, *, best: int) -> Blended:
    """Let one tree put one of the items had before above the others, by what is said of it."""
    history, had = asked(0)
    said = own(BLENDED.parts.pair(history), had)
    place = had.item_row.tolist().index(best)
    feature = next(row for row in range(len(said)) if said[row].argmax() == place
                   and (said[row] < said[row, place]).sum() == 2)  # fmt: skip
    top, second = np.sort(said[feature])[[-1, -2]]
    tree = Trees(
        feature=np.array([[feature]], np.int16),
        threshold=np.array([[(top + second) / 2]]),
        value=np.array([[0.0, 5.0]], np.float32),
        start=0.0,
    )
    blend = replace(
        BLENDED.blend, trees=tree, tree_share=share, lift=60.0,
        item=np.zeros((0, N_ITEMS), np.float32),
    )  # fmt: skip
    return replace(BLENDED, blend=blend)


def own_order(ranker: Blended) -> list[int]:
    history, had = asked(0)
    score = ranker.score(history, had)
    return sorted(had.item_row.tolist(), key=lambda row: -score[row])


def test_weights_and_trees_make_one_order_of_what_was_had_before_each_by_its_share() -> None:
    plain = own_order(BLENDED)
    last = next(item for item in reversed(plain) if item != plain[0])
    assert own_order(by_trees(0.0, best=last)) == plain
    assert own_order(by_trees(0.9, best=last))[0] == last
    history, had = asked(0)
    score = by_trees(0.3, best=last).score(history, had)
    assert score[had.item_row].min() > np.delete(score, had.item_row).max()
