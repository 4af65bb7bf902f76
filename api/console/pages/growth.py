"""Growth: is the North Star moving."""

from __future__ import annotations

from api.console.visit import Page, View, Visit
from api.console.words import N_
from recsys.storage.access.accounts import Role


def show(visit: Visit) -> View:  # noqa: ARG001 - part of what a page is
    """Return that it is not measured yet."""
    return View()


PAGE = Page("growth", N_("Growth"), N_("Is the North Star moving?"), Role.VIEWER, show)
