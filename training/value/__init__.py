"""What users are going to be worth: fit, and judge on a window that has closed.

What these names mean here are the functions; whatever else their modules hold is imported from
the modules.
"""

from __future__ import annotations

from training.value.measure import fit, judged

__all__ = ["fit", "judged"]
