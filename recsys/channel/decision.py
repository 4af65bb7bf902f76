"""One decision as it was taken: the same value makes the answer and the row of the log."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from recsys.ladder import Reason

FEATURES_VERSION = 1


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for whom, by what, on what grounds and with which probability.

    Attributes
    ----------
    decision_id, user_id : str
        Together its key: the id is the caller's.
    at : int
        When, microseconds since the epoch.
    session, surface, experiment, variant : str
        As the caller named them; empty where not.
    rung, version, model_sha256 : str
        Which rung of which model version, and the SHA-256 of its manifest.
    features : str
        JSON object of what the rung looked at, in the schema `features_version`.
    action : str
        The arm; ``none`` is to send nothing.
    send_at : int or None
        When it goes out, microseconds; None: at once, or not at all.
    pscore : float
        Probability of this action in this decision, in (0, 1].
    explored : bool
        Whether it was drawn among all eligible arms.
    epsilon : float
        Share of decisions that explored at that time.
    seed : int
        Of the lots.
    consent_seq : int
        The last line of the user's consent ledger before the decision; 0: none.
    cost : float
        Of the action, in `currency`.
    answer : str
        JSON object as it was answered: every arm with its beliefs, worth, propensity and why it is
        excluded, and the trail.
    """

    decision_id: str
    user_id: str
    at: int
    session: str
    surface: str
    experiment: str
    variant: str
    rung: str
    version: str
    model_sha256: str
    features: str
    features_version: int
    action: str
    send_at: int | None
    pscore: float
    explored: bool
    epsilon: float
    seed: int
    consent_seq: int
    cost: float
    currency: str
    answer: str

    @property
    def forced(self) -> bool:
        """Whether the request named the rung, so that no policy chose."""
        trail = orjson.loads(self.answer).get("trail", ())
        return any(step["reason"] == Reason.FORCED for step in trail)
