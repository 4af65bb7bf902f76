"""The question "which items": choose, fit, measure.

What these names mean here are the functions; whatever else their modules hold is imported from
the modules.
"""

from __future__ import annotations

from training.items.choose import choose
from training.items.fit import fit
from training.items.measure import measure

__all__ = ["choose", "fit", "measure"]
