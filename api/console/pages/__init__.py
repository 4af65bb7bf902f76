"""The pages, in the order of the menu."""

from __future__ import annotations

from api.console.pages import home, item, ladder, person
from api.console.visit import Page

PAGES: dict[str, Page] = {
    page.name: page for page in (home.PAGE, person.PAGE, item.PAGE, ladder.PAGE)
}
