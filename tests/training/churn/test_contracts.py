"""A subscription business from data to verdicts: who leaves is known, and learnt."""

from __future__ import annotations

import numpy as np

from recsys.churn.labels import Labelled, labelled
from recsys.churn.models import ChurnModels
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.evaluation.classification import auc
from recsys.ladder import Reason, RungName
from tests.present import present
from tests.recsys.churn.worlds import PURCHASE, person, table
from tests.training.churn.test_measure import configured, data
from training import churn
from training.churn.choose import silent
from training.segments import fit_table

CANCEL = 0
CONFIG = configured(cancel_kind="view", term_days=31, horizon_days=31, cutoffs=4)


def subscribers(n_users: int, n_days: int, *, seed: int) -> Interactions:
    """Return monthly renewals; careless users leave six times as easily, and use half as much.

    What is called a view is the cancellation, what is called a cart is use of the service.
    """
    rng = np.random.default_rng(seed)
    user: list[int] = []
    day: list[float] = []
    kind: list[int] = []
    for row in range(n_users):
        careless = row % 2 == 0
        at = float(rng.integers(0, 260))
        while at < n_days:
            user, day, kind = [*user, row], [*day, at], [*kind, PURCHASE]
            use = at + rng.uniform(0, 30, rng.poisson(2 if careless else 8))
            user, day, kind = [*user, *[row] * len(use)], [*day, *use], [*kind, *[1] * len(use)]
            if rng.random() < (0.24 if careless else 0.04):
                user, day, kind = [*user, row], [*day, at + rng.uniform(5, 25)], [*kind, CANCEL]
                break
            at += 30
    return table(n_users, np.array(user), np.array(day), np.array(kind, np.int8))


WORLD = subscribers(1_800, 330, seed=2)


def known_at(at: int) -> tuple[ChurnModels, Labelled]:
    known = data(WORLD.before(at))
    defined = churn.define(known.interactions, CONFIG)
    assert silent(known.interactions, defined.definition, at=at) is None
    models = churn.fit(known, fit_table(known, CONFIG, at=at), defined, CONFIG, at=at)
    return models, labelled(WORLD, defined.definition, at=at)


def test_the_hazard_of_leaving_is_learnt_and_ranks_who_leaves() -> None:
    models, test = known_at(280 * DAY)
    assert models.one_to_one is not None
    p = models.one_to_one.p[test.user_row].astype(np.float64)
    assert auc(test.churned, p) > 0.65
    assert abs(p.mean() - test.churned.mean()) < 0.06


def test_who_has_left_already_has_no_propensity() -> None:
    models, _ = known_at(280 * DAY)
    own = present(models.one_to_one)
    gone = int(np.flatnonzero(np.isnan(own.p))[0])
    step = present(own.declines(person(WORLD.of_user(gone), at=280 * DAY, row=gone)))
    assert "no contract was running" in step.detail
    live = person(WORLD.of_user(gone), at=290 * DAY, row=gone, live=WORLD.of_user(gone))
    hyper = models.ladder({}).rungs[0]
    assert hyper.name is RungName.HYPER
    refused = present(hyper.declines(live))
    assert refused.reason is Reason.TOO_LITTLE_HISTORY
