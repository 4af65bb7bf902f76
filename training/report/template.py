"""From a template beside this file to an HTML page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def fill(
    name: str, file: Path, *, filters: Mapping[str, Callable[..., Any]], values: Mapping[str, Any]
) -> None:
    """Write the page that a template makes of `values`; the file's folder is made where missing."""
    environment = Environment(
        loader=PackageLoader("training.report", "."),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    page = environment.get_template(name).render(values)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page, encoding="utf-8")
