"""The four churn rungs, and the ladder over them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from recsys.algorithms import additive
from recsys.algorithms.additive import AdditiveModel, AdditiveSettings
from recsys.churn import labels, one_to_one, popular, segment, snapshot
from recsys.churn.features import FEATURES
from recsys.churn.labels import Definition, Labelled
from recsys.churn.models import ChurnModels, ChurnQuery
from recsys.churn.one_to_one import Propensity
from recsys.churn.risk import ChurnRisk, probability
from recsys.churn.snapshot import PLACE
from recsys.churn.usage_interval import by_segment, usage_interval
from recsys.data.interactions import NO_EVENTS, Interactions, UserEvents
from recsys.data.kinds import Reading
from recsys.data.person import NO_SEGMENT, Person
from recsys.data.times import DAY
from recsys.evaluation.classification import auc
from recsys.ladder import Climb, Reason, RungName
from recsys.segments import table
from recsys.storage.models import artifact
from tests.present import present
from tests.recsys.churn.worlds import PURCHASE, dying_world, person, purchases

DEFINITION = Definition("purchase", horizon_days=28, active_days=28)
END = 200 * DAY
Z = 1.96
WORLD = dying_world(400, 260, seed=1)


def fitted(world: Interactions = WORLD, *, at: int = END) -> ChurnModels:
    known = world.before(at)
    rows = labels.closed(known, DEFINITION, until=at, n=4)
    groups = table.fit(known, [""] * len(known.users), trait_name="country", at=at)
    base = popular.fit(rows, horizon_days=28, z=Z)
    missing = labels.too_few(rows)
    model = (
        None
        if missing
        else additive.fit(
            rows.features,
            rows.churned,
            user_row=rows.user_row,
            settings=AdditiveSettings(n_trees=30, n_members=3),
            seed=1,
        )
    )
    interval = usage_interval(known, at=at)
    return ChurnModels(
        definition=DEFINITION,
        usage_interval=interval,
        usage_by_segment=by_segment(known, groups, interval, at=at),
        popular=base,
        segment=segment.fit(
            segment.memberships(known, rows, groups.user_trait),
            base,
            groups.names,
            active_segment=groups.user_segment,
            shrinkage=50.0,
            z=Z,
        ),
        one_to_one=None
        if model is None
        else one_to_one.taken(
            Propensity(
                model, Reading(known.kinds, "purchase"), DEFINITION, 0.1, Z, bands=base.bands
            ),
            known,
            at=at,
        ),
        missing=missing,
    )


MODELS = fitted()
KNOWN = WORLD.before(END)
assert MODELS.one_to_one is not None
OWN = MODELS.one_to_one
ACTIVE = int(np.flatnonzero(OWN.features[:, PLACE["recency_days"]] < 10)[0])


def climbed(
    models: ChurnModels, someone: Person, force: RungName | None = None
) -> Climb[ChurnRisk]:
    def fail(name: RungName, error: Exception) -> None:
        raise AssertionError(name) from error

    return models.ladder({}).climb(someone, ChurnQuery(), on_failure=fail, force=force)


def bought(*days: float) -> UserEvents:
    return purchases(list(days)).of_user(0)


def test_a_known_user_gets_the_own_propensity() -> None:
    answer = climbed(MODELS, person(KNOWN.of_user(ACTIVE), at=END, row=ACTIVE))
    assert answer.rung is RungName.ONE_TO_ONE
    assert answer.trail[0].reason is Reason.NO_LIVE_EVENTS
    assert "snapshot of 1970-07-20" in answer.reason
    assert answer.answer is not None
    assert answer.answer.p == pytest.approx(float(OWN.p[ACTIVE]))
    assert answer.answer.horizon_days == 28


def test_a_user_with_live_events_is_scored_again() -> None:
    someone = person(KNOWN.of_user(ACTIVE), at=END + DAY, row=ACTIVE, live=bought(200.5))
    answer = climbed(MODELS, someone)
    assert answer.rung is RungName.HYPER
    assert "1 event since training, the last one 0.5 days ago" in answer.reason


def test_the_live_rung_answers_differently_at_once_after_an_event() -> None:
    lapsed = int(np.nanargmax(OWN.p))
    stale = climbed(MODELS, person(KNOWN.of_user(lapsed), at=END, row=lapsed)).answer
    live = bought(200.0)
    fresh = climbed(MODELS, person(KNOWN.of_user(lapsed), at=END, row=lapsed, live=live)).answer
    assert stale is not None
    assert fresh is not None
    assert fresh.p < stale.p


def part(of: UserEvents, some: slice) -> UserEvents:
    return UserEvents(
        of.item_row[some], of.kind[some], of.at[some], of.quantity[some], of.value[some]
    )


def test_live_and_stored_scores_agree_on_the_same_events() -> None:
    events = KNOWN.of_user(ACTIVE)
    cut = len(events) - 1
    past, live = part(events, slice(cut)), part(events, slice(cut, None))
    someone = person(past, at=END - 1, row=ACTIVE, live=live)
    answer = present(climbed(MODELS, someone, force=RungName.HYPER).answer)
    assert answer.p == pytest.approx(float(OWN.p[ACTIVE]), abs=1e-6)
    assert answer.percentile == pytest.approx(float(OWN.percentile[ACTIVE]), abs=1e-3)


def test_a_new_user_with_a_purchase_is_scored_live() -> None:
    assert climbed(MODELS, person(NO_EVENTS, at=END, live=bought(199.0))).rung is RungName.HYPER


def test_a_new_user_who_only_looked_is_not() -> None:
    looked = structs.replace(bought(199.0), kind=np.zeros(1, np.int8))
    answer = climbed(MODELS, person(NO_EVENTS, at=END, live=looked))
    assert [step.reason for step in answer.trail] == [
        Reason.TOO_LITTLE_HISTORY,
        Reason.UNKNOWN_USER,
        Reason.NO_SEGMENT,
        Reason.SERVED,
    ]
    assert answer.rung is RungName.POPULAR


def test_a_known_user_without_a_purchase_has_too_little_history() -> None:
    silent = fitted(replace(WORLD, kind=np.where(WORLD.user_row == 7, 0, WORLD.kind)))
    answer = climbed(silent, person(NO_EVENTS, at=END, row=7))
    assert answer.trail[1].reason is Reason.TOO_LITTLE_HISTORY


def test_a_user_in_a_segment_gets_its_rate() -> None:
    row = int(np.argmax(MODELS.segment.n_users))
    answer = climbed(MODELS, person(NO_EVENTS, at=END, segment_row=row))
    assert answer.rung is RungName.SEGMENT
    assert MODELS.segment.names[row] in answer.reason
    assert answer.answer is not None
    assert answer.answer.reasons_for == ()


def test_a_segment_of_few_users_is_not_spoken_of() -> None:
    small = replace(MODELS.segment, n_users=np.full(11, 19))
    step = present(small.declines(person(NO_EVENTS, at=END, segment_row=0)))
    assert step.reason is Reason.NO_SEGMENT
    assert "fewer than 20" in step.detail


def test_everybody_gets_the_base_rate_and_the_middle_score() -> None:
    answer = present(climbed(MODELS, person(NO_EVENTS, at=END)).answer)
    assert answer.score == 50
    assert answer.low < answer.p < answer.high


def test_reasons_are_exact() -> None:
    everything = ChurnQuery(max_reasons=99)
    someone = person(KNOWN.of_user(ACTIVE), at=END, row=ACTIVE)
    answer = OWN.answer(someone, everything)
    added = sum(r.contribution for r in (*answer.reasons_for, *answer.reasons_against))
    model = OWN.propensity.model
    logit = model.logit(OWN.features[ACTIVE][None])[0]
    assert model.mean_logit + added == pytest.approx(logit, abs=1e-9)
    assert answer.p == pytest.approx(probability(logit), abs=1e-6)


def test_scores_of_active_users_spread_evenly() -> None:
    active = labels.active(OWN.features, 28)
    assert np.mean(OWN.percentile[active]) == pytest.approx(50, abs=0.5)
    assert OWN.percentile[active].max() > 90


def test_intervals_hold_the_probability_of_every_user() -> None:
    known = ~np.isnan(OWN.p)
    assert (OWN.low[known] <= OWN.p[known]).all()
    assert (OWN.p[known] <= OWN.high[known]).all()


def test_users_who_quit_are_told_from_users_who_did_not() -> None:
    test = labels.labelled(WORLD, DEFINITION, at=END)
    assert auc(test.churned, OWN.p[test.user_row].astype(np.float64)) > 0.6


def test_a_lapsed_user_is_told_so() -> None:
    lapsed = int(np.nanargmax(OWN.features[:, PLACE["recency_days"]]))
    assert "inactive for" in OWN.because(person(KNOWN.of_user(lapsed), at=END, row=lapsed))
    assert "inactive" not in OWN.because(person(KNOWN.of_user(ACTIVE), at=END, row=ACTIVE))


def test_later_events_change_no_fitted_array() -> None:
    known = fitted(KNOWN)
    assert known.one_to_one is not None
    np.testing.assert_array_equal(known.one_to_one.p, OWN.p)
    np.testing.assert_array_equal(known.segment.p, MODELS.segment.p)


def test_segment_rates_are_shrunk_to_the_base() -> None:
    members = segment.LabelledMembers(np.zeros(30, np.int16), np.arange(30) < 15, np.ones(30))
    base = popular.PopularChurn(0.2, 0.1, 0.3, 100, 28)
    rates = segment.fit(
        members, base, ("some", "empty"), active_segment=np.zeros(3, np.int16), shrinkage=30, z=Z
    )
    assert rates.p.tolist() == pytest.approx([(15 + 6) / 60, 0.2])
    assert rates.n_users.tolist() == [30, 0]
    assert rates.percentile.tolist() == [50.0, 0.0]


def test_a_user_counts_once_in_a_segment_however_many_cutoffs_saw_it() -> None:
    rows = labels.closed(KNOWN, DEFINITION, until=END, n=4)
    traits = np.full(len(KNOWN.users), NO_SEGMENT, np.int16)
    members = segment.memberships(KNOWN, rows, traits)
    assert (members.segment_row != NO_SEGMENT).all()
    assert members.weight.max() == 1.0
    assert members.weight.min() == 0.25


@pytest.mark.parametrize(
    "world",
    [
        purchases(),
        purchases([]),
        purchases([150]),
        purchases([150], []),
        purchases([1, 60, 120, 170]),
        purchases(*[[float(day)] for day in range(120, 190)]),
        purchases(*[[float(day) for day in range(user, 199, 7)] for user in range(7)] * 60),
    ],
    ids=["nobody", "nobody bought", "one user", "one buyer", "one repeater", "all churn", "none"],
)
def test_too_few_data_climb_down_and_say_so(world: Interactions) -> None:
    models = fitted(world)
    answer = climbed(models, person(NO_EVENTS, at=END, row=0, live=bought(199.0)))
    assert models.one_to_one is None
    assert answer.rung is RungName.POPULAR
    assert [step.reason for step in answer.trail[:2]] == [Reason.NOT_SHIPPED] * 2
    assert "it takes 200 of each" in answer.trail[0].detail
    assert answer.answer is not None
    assert 0 < answer.answer.low < answer.answer.p < answer.answer.high < 1


def test_nothing_known_says_so() -> None:
    assert "nothing is known" in climbed(fitted(purchases()), person(NO_EVENTS, at=END)).reason


def test_a_forced_rung_that_is_not_fitted_falls_to_the_base_rate() -> None:
    answer = climbed(fitted(purchases()), person(NO_EVENTS, at=END), force=RungName.ONE_TO_ONE)
    assert answer.rung is RungName.POPULAR
    absent = fitted(purchases()).ladder({}).rungs[0]
    assert absent.answer(person(NO_EVENTS, at=END), ChurnQuery()) is None
    assert "not fitted" in absent.because(person(NO_EVENTS, at=END))


def test_the_ladder_shares_the_arrays() -> None:
    rungs = MODELS.ladder({}).rungs
    assert [rung.name for rung in rungs] == list(RungName)[::-1]
    assert rungs[1] is OWN
    assert rungs[0].propensity is OWN.propensity  # type: ignore[attr-defined]


def test_the_second_fit_equals_the_first() -> None:
    again = present(fitted().one_to_one)
    np.testing.assert_array_equal(again.p, OWN.p)
    first, second = OWN.propensity.model, again.propensity.model
    assert isinstance(first, AdditiveModel)
    assert isinstance(second, AdditiveModel)
    np.testing.assert_array_equal(second.values, first.values)


def test_the_live_rung_counts_purchases_only_up_to_its_moment() -> None:
    later = snapshot.of_user(bought(199.0, 201.0), OWN.propensity.reading, at=END)
    assert later[PLACE["active_days"]] == 1.0
    assert OWN.propensity.reading.critical == PURCHASE


def test_rows_without_any_label_make_a_wide_base_rate() -> None:
    nothing = Labelled(
        np.empty((0, len(FEATURES)), np.float32),
        np.empty(0, bool),
        np.empty(0, np.int32),
        np.empty(0, np.int64),
    )
    base = popular.fit(nothing, horizon_days=28, z=Z)
    assert (base.p, base.n_users) == (0.5, 0)
    assert base.high - base.low > 0.9


@pytest.mark.parametrize("models", [MODELS, fitted(purchases())], ids=["all rungs", "two rungs"])
def test_saving_and_loading_change_no_answer(models: ChurnModels, tmp_path: Path) -> None:
    loaded = artifact.read(tmp_path, ChurnModels, artifact.write(tmp_path, models))
    someone = person(KNOWN.of_user(ACTIVE), at=END, row=ACTIVE, live=bought(199.9))
    for force in RungName:
        first, second = (climbed(which, someone, force=force) for which in (models, loaded))
        assert first == second
