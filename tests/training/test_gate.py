"""Who may become champion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.bundle import Bundle
from recsys.config import Config, Training
from recsys.data.ids import IdMap
from recsys.data.times import DAY
from recsys.evaluation.per_user import PerUser
from recsys.storage.models.errors import LostPromotion
from recsys.storage.models.journal import Act
from recsys.storage.models.store import ModelStore
from tests.recsys.storage.worlds import manifest
from training import gate
from training.gate import Contender, GateVerdict

SETTINGS = Training(resamples=400)
USERS = [f"u{number:04}" for number in range(400)]
ITEMS = IdMap.of(f"i{number}" for number in range(100))
NOISE = np.random.default_rng(5).random(400).astype(np.float32)


def judged(
    figure: NDArray[np.float32],
    *,
    users: list[str] = USERS,
    question: str = "items",
    metric: str = "ndcg_at_20",
    window_start: int = 100 * DAY,
) -> PerUser:
    rows = np.arange(len(users), dtype=np.int32)
    return PerUser.of(
        question,
        metric,
        window_start=window_start,
        users=IdMap.of(users),
        user_row=rows,
        figure=figure,
    )


def contender(*figures: PerUser, users: list[str] = USERS, items: IdMap = ITEMS) -> Contender:
    return Contender(figures, IdMap.of(users), items)


def compared(challenger: Contender, champion: Contender) -> GateVerdict:
    return gate.compare(challenger, champion, settings=SETTINGS)


CHAMPION = contender(judged(NOISE))


def test_an_equal_challenger_is_promoted() -> None:
    verdict = compared(CHAMPION, CHAMPION)
    assert verdict.promote
    assert verdict.why == (
        "items: ndcg_at_20 is not clearly below the champion's, "
        "by 0.0000 [0.0000, 0.0000] over 400 users (the same users)",
    )


def test_a_slightly_but_surely_worse_challenger_is_refused_with_figures() -> None:
    verdict = compared(contender(judged(NOISE - np.float32(0.01))), CHAMPION)
    assert not verdict.promote
    assert verdict.why == (
        "items: ndcg_at_20 is clearly below the champion's, "
        "by -0.0100 [-0.0100, -0.0100] over 400 users (the same users)",
    )


def test_pairs_see_what_means_of_other_users_cannot() -> None:
    later = judged(NOISE - np.float32(0.01), window_start=130 * DAY)
    verdict = compared(contender(later), CHAMPION)
    assert verdict.promote
    assert verdict.why[0].endswith("over 400 users (unpaired: other users or days)")


def test_a_much_worse_challenger_is_refused_on_another_window_too() -> None:
    later = judged(NOISE * np.float32(0.5), window_start=130 * DAY)
    assert not compared(contender(later), CHAMPION).promote


def test_users_are_paired_by_id_whatever_their_rows() -> None:
    fewer = judged(NOISE[100:], users=USERS[100:])
    verdict = compared(contender(fewer), CHAMPION)
    assert "by 0.0000 [0.0000, 0.0000] over 300 users (the same users)" in verdict.why[0]


def test_a_worse_answer_to_one_question_is_enough_to_refuse() -> None:
    champion = contender(judged(NOISE), judged(NOISE, question="churn", metric="log_loss"))
    worse = judged(NOISE - np.float32(0.1), question="churn", metric="log_loss")
    verdict = compared(contender(judged(NOISE + np.float32(0.1)), worse), champion)
    assert not verdict.promote
    assert len(verdict.why) == 1
    assert verdict.why[0].startswith("churn: log_loss is clearly below")


def test_a_better_challenger_is_promoted() -> None:
    assert compared(contender(judged(NOISE + np.float32(0.1))), CHAMPION).promote


def test_a_question_that_can_no_longer_be_judged_refuses() -> None:
    verdict = compared(contender(), CHAMPION)
    assert verdict == GateVerdict(promote=False, why=("items: could not be judged any more",))


def test_a_question_that_never_could_be_judged_speaks_against_nobody() -> None:
    nobody = judged(np.empty(0, np.float32), users=[])
    assert compared(contender(nobody), contender(nobody)).promote


def test_a_new_question_speaks_against_nobody() -> None:
    verdict = compared(CHAMPION, contender())
    assert verdict == GateVerdict(promote=True, why=("items: the champion was not judged on it",))


def test_another_metric_cannot_be_compared_and_says_so() -> None:
    verdict = compared(contender(judged(NOISE * 0, metric="recall_at_20")), CHAMPION)
    assert verdict.promote
    assert verdict.why[0] == "items: recall_at_20 cannot be compared with the champion's ndcg_at_20"


def test_one_user_is_too_few_to_compare() -> None:
    one = contender(judged(NOISE[:1], users=USERS[:1]))
    verdict = compared(one, one)
    assert verdict.why == ("items: too few users to compare ndcg_at_20",)


@pytest.mark.parametrize(("left", "promote"), [(200, True), (199, False)])
def test_losing_more_than_half_of_the_users_is_an_accident(left: int, promote: bool) -> None:
    verdict = compared(contender(judged(NOISE), users=USERS[:left]), CHAMPION)
    assert verdict.promote is promote
    assert promote or verdict.why[0].startswith("201 of the champion's 400 users are gone")


def test_other_items_under_as_many_ids_are_an_accident_too() -> None:
    others = IdMap.of(f"other{number}" for number in range(100))
    verdict = compared(contender(judged(NOISE), items=others), CHAMPION)
    assert verdict.why[0].startswith("100 of the champion's 100 items are gone")


def test_the_same_seed_gives_the_same_verdict() -> None:
    later = contender(judged(NOISE[::-1].copy(), window_start=130 * DAY))
    assert compared(later, CHAMPION) == compared(later, CHAMPION)


@dataclass(frozen=True, slots=True)
class Rows:
    users: IdMap
    items: IdMap


@dataclass(frozen=True, slots=True)
class Judgement:
    """As much of a bundle as the gate looks at."""

    interactions: Rows
    judged: tuple[PerUser, ...]


def kept(store: ModelStore, figure: NDArray[np.float32]) -> tuple[str, Bundle]:
    bundle = cast(Bundle, Judgement(Rows(IdMap.of(USERS), ITEMS), (judged(figure),)))
    return store.register(bundle, manifest(), at=1), bundle


def test_without_a_champion_any_model_may_serve(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    version, bundle = kept(store, NOISE)
    verdict = gate.judge(store, version, bundle, config=Config())
    assert verdict == GateVerdict(promote=True, why=("it is the first champion",))


def test_the_champion_itself_may_go_on(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    version, bundle = kept(store, NOISE)
    store.promote(version, why="the first", at=2)
    assert gate.judge(store, version, bundle, config=Config()).promote


def test_a_worse_version_is_refused_against_the_stored_champion(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    champion, _ = kept(store, NOISE)
    store.promote(champion, why="the first", at=2)
    version, bundle = kept(store, NOISE - np.float32(0.1))
    verdict = gate.judge(store, version, bundle, config=Config())
    assert not verdict.promote
    assert "ndcg_at_20 is clearly below the champion's, by -0.1000" in verdict.why[0]


def test_a_damaged_champion_cannot_defend_its_place(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    champion, _ = kept(store, NOISE)
    store.promote(champion, why="the first", at=2)
    (tmp_path / champion / "facts.json").write_bytes(b"{}")
    version, bundle = kept(store, NOISE * 0)
    verdict = gate.judge(store, version, bundle, config=Config())
    assert verdict.promote
    assert "the champion cannot serve" in verdict.why[0]
    assert "facts.json" in verdict.why[0]


def rivals(store: ModelStore, monkeypatch: pytest.MonkeyPatch, *, winning: int) -> None:
    """Let another version become the champion just before each of the next promotions."""
    promote, coming = ModelStore.promote, iter(range(1, winning + 1))

    def lost(self: ModelStore, version: str, *, why: str, at: int) -> None:
        if (n := next(coming, 0)) == 0:
            promote(self, version, why=why, at=at)
            return
        rival, _ = kept(store, NOISE - np.float32(n / 100))
        promote(self, rival, why="a rival", at=at)
        raise LostPromotion(version)

    monkeypatch.setattr(ModelStore, "promote", lost)


def test_who_loses_a_race_is_compared_with_the_winner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(tmp_path)
    version, bundle = kept(store, NOISE)
    rivals(store, monkeypatch, winning=1)
    verdict = gate.settle(store, version, bundle, config=Config(), at=3)
    assert verdict.promote
    assert "is not clearly below the champion's" in verdict.why[0]
    assert store.show(version).serves


def test_who_loses_to_a_better_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(tmp_path)
    version, bundle = kept(store, NOISE - np.float32(0.5))
    rivals(store, monkeypatch, winning=1)
    assert not gate.settle(store, version, bundle, config=Config(), at=3).promote
    assert store.history()[-1].act is Act.REFUSE


def test_who_loses_again_and_again_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ModelStore(tmp_path)
    version, bundle = kept(store, NOISE)
    rivals(store, monkeypatch, winning=gate.MOST_RIVALS)
    with pytest.raises(LostPromotion, match=version):
        gate.settle(store, version, bundle, config=Config(), at=3)
