"""The rule that is left before any window has closed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from recsys.churn.bands import Band
from recsys.churn.overdue import OverdueRule, Status
from recsys.churn.popular import PopularChurn
from recsys.churn.risk import ChurnQuery
from recsys.data.interactions import NO_EVENTS
from recsys.data.kinds import Reading
from recsys.data.person import Person
from recsys.data.times import DAY
from tests.present import present
from tests.recsys.churn.worlds import KINDS, person, purchases

AT = 100 * DAY
RULE = OverdueRule(Reading(KINDS, "purchase"), usage_days=20.0)
NOTHING = PopularChurn(0.5, 0.05, 0.95, 0, 28, rule=RULE)


def buyer(*days: float) -> Person:
    return person(purchases(list(days)).of_user(0), at=AT - 1, row=0)


@pytest.mark.parametrize(
    ("days", "status", "band"),
    [
        ((75.0, 85.0, 95.0), Status.ACTIVE, Band.LOW),
        ((64.0, 74.0, 84.0), Status.AT_RISK, Band.MEDIUM),
        ((30.0, 40.0, 50.0), Status.LAPSED, Band.HIGH),
        ((85.0,), Status.ACTIVE, Band.LOW),
        ((65.0,), Status.AT_RISK, Band.MEDIUM),
    ],
)
def test_a_user_is_placed_by_the_own_gap(
    days: tuple[float, ...], status: Status, band: Band
) -> None:
    found = present(RULE.status(buyer(*days)))
    assert found[0] is status
    answer = NOTHING.answer(buyer(*days), ChurnQuery())
    assert answer.band is band
    assert (answer.p, answer.low, answer.high) == (0.5, 0.05, 0.95)
    assert "by rule, not by measurement" in NOTHING.because(buyer(*days))


def test_without_a_purchase_or_consent_there_is_no_rule() -> None:
    assert RULE.status(person(NO_EVENTS, at=AT)) is None
    assert RULE.status(structs.replace(buyer(50.0), profiling=False)) is None
    assert "nothing is known" in NOTHING.because(person(NO_EVENTS, at=AT))


def test_once_a_rate_is_known_the_rule_is_silent() -> None:
    known = replace(NOTHING, n_users=100)
    assert "100 active users" in known.because(buyer(10.0))
    assert known.answer(buyer(10.0), ChurnQuery()).score == 50
