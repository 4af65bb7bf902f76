"""The question "how likely to churn": define, choose, fit, judge, measure.

What these names mean here are the functions; whatever else their modules hold is imported from
the modules.
"""

from __future__ import annotations

from training.churn.choose import choose, define
from training.churn.fit import fit
from training.churn.judge import judge
from training.churn.measure import measure

__all__ = ["choose", "define", "fit", "judge", "measure"]
