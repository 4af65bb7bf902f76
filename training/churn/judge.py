"""How the churn rungs did on users whose window has closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.churn.labels import Labelled
from recsys.churn.models import ChurnModels
from recsys.churn.risk import ChurnQuery, ChurnRisk, probability
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.person import Person, PersonKind
from recsys.data.signals import NO_SIGNALS, Signals, UserSignals
from recsys.evaluation.classification import neg_log_loss
from recsys.ladder import Question, Rung, RungName, Standing, Verdict
from recsys.segments.table import SegmentTable
from training.churn import metrics
from training.churn.choose import silent
from training.churn.metrics import LiveScores, TestProbabilities
from training.measurement import Measurement
from training.verdicts import Gains, Verdicts, verdict

METRIC = "log likelihood"
MAX_USERS = 20_000

Floats = NDArray[np.float64]
ChurnRung = Rung[ChurnQuery, ChurnRisk]


@dataclass(frozen=True, slots=True)
class DatedModels:
    """Models that were fitted strictly before an instant, and all they could look at.

    Attributes
    ----------
    interactions : Interactions
        What was known before `at`.
    table : SegmentTable
        As of `at`.
    models : ChurnModels
        As of `at`.
    at : int
        Microseconds since the epoch.
    signals : Signals or None
        Beside events, what was known before `at`.
    """

    interactions: Interactions
    table: SegmentTable
    models: ChurnModels
    at: int
    signals: Signals | None = None

    def rungs(self) -> Mapping[RungName, ChurnRung]:
        """Return the rungs by name."""
        return {rung.name: rung for rung in self.models.ladder({}).rungs}


def judge(test: Labelled, trial: DatedModels, stale: DatedModels, config: Config) -> Measurement:
    """Return the verdict on every rung, and the figures behind it.

    Rungs 1 and 2 are compared, on the users to whom they apply, with the highest shipped rung
    below, which for some users is a lower one still. Rung 3 is judged as it will be used: the
    models are a third of a horizon old, and users who did something since are scored again on
    it; it is compared with what those older models say of the same users.

    Parameters
    ----------
    test : Labelled
        Users active at the test cutoff. Of more than ``MAX_USERS``, so many are drawn.
    trial : DatedModels
        As of the test cutoff.
    stale : DatedModels
        Fitted earlier.
    config : Config
        Confidence, resamples and seed.
    """
    test = _drawn(test, seed=config.training.seed)
    people = _people(trial, test.user_row)
    kinds = np.array([person.kind for person in people], object)
    by_rung = {name: answers(rung, people) for name, rung in trial.rungs().items()}
    verdicts: dict[RungName, Verdict] = {}
    for rung in (RungName.SEGMENT, RungName.ONE_TO_ONE):
        below = composed(by_rung, verdicts, kinds)
        gains = gains_of(test, kinds, by_rung[rung], below)
        verdicts[rung] = verdict(rung, verdicts, METRIC, gains, config.training, may_try=False)
    live = _live(test, trial, stale, verdicts)
    gains = gains_of(test, kinds, live.rescored, live.stale)
    served = composed(by_rung, verdicts, kinds)
    verdicts[RungName.HYPER] = verdict(
        RungName.HYPER, verdicts, METRIC, gains, config.training, may_try=False
    )
    told = TestProbabilities(by_rung, served, _silent(test, trial))
    return Measurement(
        question=Question.CHURN,
        verdicts=verdicts,
        metrics=metrics.metrics(test, trial.models, told, live, config),
        metric=METRIC,
        window_start=trial.at,
        user_row=test.user_row,
        figure=neg_log_loss(test.churned, served).astype(np.float32),
    )


def answers(rung: ChurnRung, people: Sequence[Person]) -> Floats:
    """Return the probability a rung gives each person, NaN where it does not apply."""
    return np.array([_answer(rung, person) for person in people], np.float64)


def composed(
    by_rung: Mapping[RungName, Floats], verdicts: Verdicts, kinds: NDArray[np.object_]
) -> Floats:
    """Return what the highest rung says that applies and is shipped for a user's kind."""
    best = by_rung[RungName.POPULAR]
    for rung, said in verdicts.items():
        shipped = [kind for kind in PersonKind if said.standing(kind) is Standing.SHIPPED]
        own = by_rung[rung]
        best = np.where(np.isnan(own) | ~np.isin(kinds, shipped), best, own)
    return best


def gains_of(test: Labelled, kinds: NDArray[np.object_], p: Floats, lower: Floats) -> Gains:
    """Return what is gained by saying `p`, NaN where a rung does not apply, instead of `lower`."""
    gain = neg_log_loss(test.churned, p) - neg_log_loss(test.churned, lower)
    return Gains(test.user_row, kinds, np.where(np.isnan(p), np.nan, gain), test.churned)


def _silent(test: Labelled, trial: DatedModels) -> Floats | None:
    model = silent(trial.interactions, trial.models.definition, at=trial.at)
    return None if model is None else probability(model.logit(test.features))


def _answer(rung: ChurnRung, person: Person) -> float:
    if rung.declines(person) is not None:
        return np.nan
    risk = rung.answer(person, ChurnQuery(max_reasons=0))
    return np.nan if risk is None else risk.p


def _drawn(test: Labelled, *, seed: int) -> Labelled:
    if len(test) <= MAX_USERS:
        return test
    keep = np.zeros(len(test), bool)
    keep[np.random.default_rng(seed).choice(len(test), MAX_USERS, replace=False)] = True
    return test.where(keep)


def _people(trial: DatedModels, user_row: NDArray[np.int32]) -> list[Person]:
    return [
        Person(
            user_id=trial.interactions.users[row],
            at=trial.at,
            user_row=row,
            segment_row=trial.table.of_user(row),
            past=trial.interactions.of_user(row),
            signals=_heard_of(trial, row),
        )
        for row in user_row.tolist()
    ]


def _live(test: Labelled, trial: DatedModels, stale: DatedModels, verdicts: Verdicts) -> LiveScores:
    people = list(_live_people(test, trial, stale))
    kinds = np.array([person.kind for person in people], object)
    rungs = stale.rungs()
    by_rung = {name: answers(rungs[name], people) for name in (RungName.POPULAR, *verdicts)}
    days = (trial.at - stale.at) / 86_400e6
    return LiveScores(
        answers(rungs[RungName.HYPER], people), composed(by_rung, verdicts, kinds), days
    )


def _live_people(test: Labelled, trial: DatedModels, stale: DatedModels) -> Iterator[Person]:
    since = trial.interactions.between(stale.at, trial.at)
    for person in _people(stale, test.user_row):
        row = int(person.user_row or 0)
        yield Person(
            user_id=person.user_id,
            # rung 3 counts what happens at the very instant; the test snapshot ends before it
            at=trial.at - 1,
            user_row=row,
            segment_row=person.segment_row,
            past=person.past,
            live=since.of_user(row),
            signals=_heard_of(trial, row),
        )


def _heard_of(dated: DatedModels, row: int) -> UserSignals:
    return NO_SIGNALS if dated.signals is None else dated.signals.of_user(row)
