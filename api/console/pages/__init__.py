"""The pages, in the order of the menu."""

from __future__ import annotations

from api.console.pages import (
    channels,
    churn,
    data,
    experiments,
    growth,
    home,
    item,
    ladder,
    operations,
    person,
    placements,
    segments,
    versions,
)
from api.console.visit import Page

_IN_ORDER = (
    home, person, item, segments, ladder, versions, experiments, churn, channels, growth, data,
    placements, operations,
)  # fmt: skip

PAGES: dict[str, Page] = {module.PAGE.name: module.PAGE for module in _IN_ORDER}
