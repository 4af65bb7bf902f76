"""Rung 2: this user's own propensity, as of the last snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.additive import AdditiveModel
from recsys.churn import snapshot
from recsys.churn.bands import NO_RATE, Bands
from recsys.churn.bgnbd_propensity import SilentModel
from recsys.churn.labels import Definition, current
from recsys.churn.risk import ChurnQuery, ChurnRisk, RiskReason, interval, percentile, reasons
from recsys.churn.signals import HeardSignals
from recsys.churn.snapshot import PLACE
from recsys.data.interactions import Interactions
from recsys.data.kinds import Reading
from recsys.data.person import Person
from recsys.data.times import moment
from recsys.ladder import Reason, RungName, Step
from recsys.words import once, say


@dataclass(frozen=True, slots=True)
class Propensity:
    """From features to a calibrated probability with its interval and reasons.

    The interval is ``logit ± z · sqrt(members² + level²)``: how far the ensemble's members, each
    fitted on another sample of users, disagree about this user, and how much the level of churn
    moved between the training cut-offs. It covers neither a change of behaviour never seen nor
    the coin toss of the outcome itself.

    Attributes
    ----------
    model : AdditiveModel or SilentModel
        Calibration is folded in. The latter where the data were too few for the former, or
        earlier windows were told better by it.
    level_sd : float
        Standard deviation of the level between cut-offs, in log-odds.
    z : float
        Width of intervals in standard deviations.
    among : float32, shape (n_active,)
        Probabilities of the known active users, ascending.
    bands : Bands
        What probabilities are held against.
    heard : tuple of str
        Groups of signals that it looks at beside events (``SIGNAL_GROUPS``).
    """

    model: AdditiveModel | SilentModel
    reading: Reading
    definition: Definition
    level_sd: float
    z: float
    among: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    bands: Bands = NO_RATE
    heard: tuple[str, ...] = ()

    def intervals(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return p, low and high of each row, float64, shape (3, n)."""
        sd = np.sqrt(self.model.spread(features) ** 2 + self.level_sd**2)
        return interval(self.model.logit(features), sd, z=self.z)

    def risks(
        self,
        bounds: NDArray[np.floating],
        ranks: NDArray[np.floating],
        features: NDArray[np.float32],
        query: ChurnQuery,
    ) -> list[ChurnRisk]:
        """Return the answers about users, one a row, with exact reasons.

        `bounds` are p, low and high, shape (n, 3); `ranks` are percentiles, shape (n,).
        """
        horizon, most = self.definition.horizon_days, query.max_reasons
        why: Sequence[tuple[RiskReason, ...]] = [()] * len(features)
        if most:
            added = self.model.contributions(features)
            why = reasons(features, added, self.definition.critical_kind, most=most)
        return [
            ChurnRisk(p, low, high, rank, round(rank), self.bands, horizon, told)
            for (p, low, high), rank, told in zip(bounds.tolist(), ranks.tolist(), why, strict=True)
        ]

    @property
    def nothing_then(self) -> str:
        """Why there was nothing to say of a user at the snapshot."""
        if self.definition.contract.exists:
            return say("churn.no_contract_then")
        return say("churn.none_then", kind=self.definition.critical_kind)

    @property
    def how(self) -> str:
        """What the model is, in words."""
        return "BG/NBD P0" if isinstance(self.model, SilentModel) else "additive model"

    def because(self, features: NDArray[np.float32], taken_at: int) -> str:
        """Say what the propensity of a user stands on, and where that is not active any more."""
        facts = {
            "day": _day(taken_at),
            "days": float(features[PLACE["active_days"]]),
            "kind": self.definition.critical_kind,
        }
        own = once("churn.own", **facts)
        if isinstance(self.model, SilentModel):
            own = once("churn.own_by", **facts, model=self.how)
        learnt = self.definition.active_days
        days = float(features[PLACE["recency_days"]])
        return own if days <= learnt else say("churn.lapsed", because=own, days=days, learnt=learnt)


@lru_cache(8)
def _day(at: int) -> str:
    return f"{moment(at):%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class OneToOneChurn:
    """The propensity of every known user at the last snapshot.

    Attributes
    ----------
    propensity : Propensity
        What made them.
    taken_at : int
        When the snapshot was taken, microseconds since the epoch.
    features : float32, shape (n_users, n_features)
        What was seen of each user then.
    p, low, high : float32, shape (n_users,)
        NaN for users without a critical event, or without a running contract.
    percentile : float32, shape (n_users,)
        Among the known active users.
    """

    propensity: Propensity
    taken_at: int
    features: NDArray[np.float32]
    p: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    percentile: NDArray[np.float32]

    @property
    def name(self) -> RungName:
        """Rung 2."""
        return RungName.ONE_TO_ONE

    def declines(self, person: Person) -> Step | None:
        """Refuse users that the model does not know, or knows without a critical event."""
        if person.user_row is None:
            return Step(self.name, Reason.UNKNOWN_USER, once("churn.unknown_user"))
        if np.isnan(self.p[person.user_row]):
            detail = self.propensity.nothing_then
            return Step(self.name, Reason.TOO_LITTLE_HISTORY, detail)
        return None

    def because(self, person: Person) -> str:
        """Say what the propensity stands on."""
        return self.propensity.because(self.features[person.user_row], self.taken_at)

    def answer(self, person: Person, query: ChurnQuery) -> ChurnRisk:
        """Return the stored propensity of the person, with exact reasons."""
        return self.answer_all([person], query)[0]

    def answer_all(self, people: Sequence[Person], query: ChurnQuery) -> list[ChurnRisk]:
        """Return those of many."""
        # Whom the model does not know it declines.
        rows = np.array([person.user_row for person in people], np.int64)
        bounds = np.stack([self.p[rows], self.low[rows], self.high[rows]], axis=1)
        return self.propensity.risks(bounds, self.percentile[rows], self.features[rows], query)


def taken(
    propensity: Propensity,
    interactions: Interactions,
    *,
    at: int,
    heard: HeardSignals | None = None,
) -> OneToOneChurn:
    """Return the propensity of every user at the snapshot of `at`, before which all happened.

    Whom `propensity` ranks users among is found here. `heard` are the signals that it looks at.
    """
    definition = propensity.definition
    features = snapshot.of_all(interactions, definition.critical_kind, at=at)
    if heard is not None:
        features = heard.beside(features, at=at)
        propensity = replace(propensity, heard=heard.groups)
    seen = ~np.isnan(features[:, PLACE["recency_days"]])
    if definition.contract.exists:
        seen &= definition.contract.running(interactions, definition.critical_kind, at=at)
    bounds = np.where(seen, propensity.intervals(features), np.nan).astype(np.float32)
    here = current(interactions, features, definition, at=at)
    among = np.sort(bounds[0][here])
    return OneToOneChurn(
        propensity=replace(propensity, among=among),
        taken_at=at,
        features=features,
        p=bounds[0],
        low=bounds[1],
        high=bounds[2],
        percentile=np.where(seen, percentile(bounds[0], among), np.nan).astype(np.float32),
    )
