"""The map of the segments: users and churn by recency and frequency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recsys.churn.models import ChurnModels
from recsys.data.interactions import Interactions
from recsys.segments import rfm
from recsys.segments.rfm import RfmCuts
from training.segments.figures import own_churn

SCORES = range(1, 6)


def grid(
    critical: Interactions, cuts: RfmCuts, churn: ChurnModels, *, at: int
) -> list[Mapping[str, Any]]:
    """Return one cell for each pair of recency and frequency scores.

    Parameters
    ----------
    critical : Interactions
        Of the critical kind, strictly before `at`.
    cuts : RfmCuts
        Where the scores change.
    churn : ChurnModels
        As of `at`.
    at : int
        Microseconds since the epoch.

    Returns
    -------
    list of mapping
        ``recency``, ``frequency``, the ``segment`` there, its ``users``, and the mean probability
        of ``churn`` over its ``churn_users``, who are active and have one; None without any.
    """
    scores = rfm.score(rfm.facts(critical, at=at), cuts)
    of_user = rfm.segment(scores)
    p = own_churn(churn, len(of_user))
    cells: list[Mapping[str, Any]] = []
    for recency in SCORES:
        for frequency in SCORES:
            here = (scores.recency == recency) & (scores.frequency == frequency)
            measured = p[here & ~np.isnan(p)]
            cells.append(
                {
                    "recency": recency,
                    "frequency": frequency,
                    "segment": rfm.NAMES[of_user[here][0]] if here.any() else None,
                    "users": int(here.sum()),
                    "churn": float(measured.mean()) if len(measured) else None,
                    "churn_users": len(measured),
                }
            )
    return cells
