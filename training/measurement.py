"""What held-out data said about one question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.ladder import Question, RungName, Verdict


@dataclass(frozen=True, slots=True)
class Measurement:
    """The verdict on every rung, the figures behind it, and what the gate compares.

    Attributes
    ----------
    question : Question
        What was asked.
    verdicts : mapping of RungName to Verdict
        One for each rung above the lowest.
    metrics : mapping
        Figures and curves, ready for JSON, for the manifest and the report.
    metric : str
        What `figure` is; higher is better.
    window_start : int
        The test cutoff: fitted strictly before, judged at or after (microseconds).
    user_row : int32, shape (n,)
        Users that the *served* ladder was judged on.
    figure : float32, shape (n,)
        One figure for each of them.
    """

    question: Question
    verdicts: Mapping[RungName, Verdict]
    metrics: Mapping[str, Any]
    metric: str
    window_start: int
    user_row: NDArray[np.int32]
    figure: NDArray[np.float32]
