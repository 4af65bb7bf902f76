"""Experiments: can we decide."""

from __future__ import annotations

from api.console.visit import Page, View, Visit
from api.console.words import N_
from recsys.storage.access.accounts import Role


def show(visit: Visit) -> View:  # noqa: ARG001 - part of what a page is
    """Return that there is nothing to decide yet."""
    return View()


PAGE = Page("experiments", N_("Experiments"), N_("Can we decide?"), Role.VIEWER, show)
