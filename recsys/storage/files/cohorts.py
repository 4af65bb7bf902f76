"""Named cohorts: a JSON object of rules in a file, so that they are reviewed like code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from recsys.errors import UnreadableFile
from recsys.segments import rule_parser
from recsys.segments.rule import Rule


def read_cohorts(path: str) -> Mapping[str, Rule]:
    """Return the rules in a file by name; none where `path` is empty.

    Raises
    ------
    UnreadableFile
        There is no such file, or it holds no JSON object.
    BadRule
        A rule that cannot be read; names the cohort and the place in its JSON.
    """
    if not path:
        return {}
    found = read_json(Path(path))
    if not isinstance(found, dict):
        raise UnreadableFile(path, "it holds no JSON object of names and rules")
    return {name: rule_parser.parse(rule, place=name) for name, rule in found.items()}


def read_json(path: Path) -> Any:
    """Return what a JSON file says.

    Raises
    ------
    UnreadableFile
        There is no such file, or it is no JSON.
    """
    try:
        return orjson.loads(path.read_bytes())
    except OSError as error:
        raise UnreadableFile(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise UnreadableFile(path, f"no JSON: {error}") from error
