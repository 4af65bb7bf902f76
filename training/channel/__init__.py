"""The question "which channel": choose, fit, measure.

What these names mean here are the functions; whatever else their modules hold is imported from
the modules.
"""

from __future__ import annotations

from training.channel.choose import choose
from training.channel.fit import fit
from training.channel.measure import measure

__all__ = ["choose", "fit", "measure"]
