"""How users are grouped: fit the table that every question reads, and all groupings.

What these names mean here are the functions; whatever else their modules hold is imported from
the modules.
"""

from __future__ import annotations

from training.segments.fit import fit, fit_table

__all__ = ["fit", "fit_table"]
