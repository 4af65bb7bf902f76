"""Rules as JSON: what stands where, and what is allowed there instead."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from recsys.errors import BadRule
from recsys.segments.rule import (
    COMPARISONS,
    MAX_DEPTH,
    MAX_LEAVES,
    MAX_STEPS,
    NUMBER_PROPS,
    OPS,
    ORDERINGS,
    TEXT_PROPS,
    Bounds,
    Condition,
    EventMatch,
    Happened,
    InSegment,
    Junction,
    Leaf,
    Negation,
    Node,
    Rule,
    Says,
    Score,
    Sequence,
    Trait,
)

_SHOWN = 60


def parse(found: Any, *, place: str = "rule") -> Rule:
    """Read a rule.

    Parameters
    ----------
    found : JSON value
        What was said.
    place : str
        What its place is called in messages.

    Raises
    ------
    BadRule
        Names the place in the JSON, what stands there and what is allowed.
    """
    leaves: list[Leaf] = []
    root = _node(found, place, 1, leaves)
    return Rule(root, tuple(leaves))


def _node(found: Any, path: str, depth: int, leaves: list[Leaf]) -> Node:
    fields = _object(found, path)
    if depth > MAX_DEPTH:
        raise BadRule(path, "one level more", f"rules at most {MAX_DEPTH} levels deep")
    for name in ("all", "any"):
        if name in fields:
            _only(fields, path, name)
            parts = _list(fields[name], f"{path}.{name}", most=MAX_LEAVES)
            read = (_node(p, f"{path}.{name}[{i}]", depth + 1, leaves) for i, p in enumerate(parts))
            return Junction(name == "all", tuple(read))
    if "not" in fields:
        _only(fields, path, "not")
        return Negation(_node(fields["not"], f"{path}.not", depth + 1, leaves))
    if len(leaves) == MAX_LEAVES:
        raise BadRule(path, f"leaf {MAX_LEAVES + 1}", f"at most {MAX_LEAVES} leaves")
    leaves.append(Leaf(len(leaves), path, _leaf(fields, path)))
    return leaves[-1]


def _leaf(fields: Mapping[str, Any], path: str) -> Says:
    for name, read in _LEAVES.items():
        if name in fields:
            return read(fields, path)
    raise BadRule(path, ", ".join(fields) or "{}", f"one of all, any, not, {', '.join(_LEAVES)}")


def _happened(fields: Mapping[str, Any], path: str) -> Happened:
    _only(fields, path, "event", "count", "value", "within_days", "where")
    return Happened(
        EventMatch(_text(fields["event"], f"{path}.event"), _where(fields, path)),
        _bounds(fields, "count", path, whole=True),
        _bounds(fields, "value", path, whole=False),
        _days(fields, "within_days", path),
    )


def _sequence(fields: Mapping[str, Any], path: str) -> Sequence:
    _only(fields, path, "sequence", "span_days", "within_days")
    steps = []
    for place, found in enumerate(_list(fields["sequence"], f"{path}.sequence", most=MAX_STEPS)):
        here = f"{path}.sequence[{place}]"
        step = _object(found, here)
        _only(step, here, "event", "where")
        steps.append(EventMatch(_text(step.get("event"), f"{here}.event"), _where(step, here)))
    days = (_days(fields, name, path) for name in ("span_days", "within_days"))
    return Sequence(tuple(steps), *days)


def _trait(fields: Mapping[str, Any], path: str) -> Trait:
    return Trait(_condition(fields, "trait", path))


def _score(fields: Mapping[str, Any], path: str) -> Score:
    condition = _condition(fields, "score", path)
    if condition.op not in (*COMPARISONS, "exists") or isinstance(condition.value, str):
        raise BadRule(f"{path}.op", condition.op, f"{', '.join(COMPARISONS)} and a number, exists")
    return Score(condition)


def _segment(fields: Mapping[str, Any], path: str) -> InSegment:
    _only(fields, path, "segment")
    return InSegment(_text(fields["segment"], f"{path}.segment"))


_LEAVES: Mapping[str, Callable[[Mapping[str, Any], str], Says]] = {
    "event": _happened,
    "sequence": _sequence,
    "trait": _trait,
    "score": _score,
    "segment": _segment,
}


def _where(fields: Mapping[str, Any], path: str) -> tuple[Condition, ...]:
    if "where" not in fields:
        return ()
    conditions = []
    for place, found in enumerate(_list(fields["where"], f"{path}.where", most=MAX_STEPS)):
        here = f"{path}.where[{place}]"
        condition = _condition(_object(found, here), "prop", here)
        _refuse_other_prop(condition, here)
        conditions.append(condition)
    return tuple(conditions)


def _refuse_other_prop(condition: Condition, path: str) -> None:
    if condition.what not in (*TEXT_PROPS, *NUMBER_PROPS):
        raise BadRule(f"{path}.prop", condition.what, ", ".join((*TEXT_PROPS, *NUMBER_PROPS)))
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    number = condition.what in NUMBER_PROPS
    if condition.op != "exists" and not all(isinstance(v, float) == number for v in values):
        raise BadRule(f"{path}.value", condition.value, "a number" if number else "a text")


def _condition(fields: Mapping[str, Any], what: str, path: str) -> Condition:
    _only(fields, path, what, "op", "value")
    name, op = _text(fields.get(what), f"{path}.{what}"), fields.get("op")
    if op not in OPS:
        raise BadRule(f"{path}.op", op, ", ".join(OPS))
    return Condition(name, op, _value(fields.get("value"), op, f"{path}.value"))


def _value(found: Any, op: str, path: str) -> str | float | tuple[str | float, ...] | None:
    if op == "exists":
        if found is not None:
            raise BadRule(path, found, "nothing: exists asks whether there is a value")
        return None
    if op == "in":
        several = _list(found, path, most=1_000)
        return tuple(_single(v, "eq", f"{path}[{i}]") for i, v in enumerate(several))
    return _single(found, op, path)


def _single(found: Any, op: str, path: str) -> str | float:
    number = isinstance(found, (int, float)) and not isinstance(found, bool)
    if number and op != "contains" and math.isfinite(found):
        return float(found)
    if isinstance(found, str) and op not in ORDERINGS:
        return found
    allowed = "a number" if op in ORDERINGS else "a text" if op == "contains" else "text or number"
    raise BadRule(path, found, allowed)


def _bounds(fields: Mapping[str, Any], name: str, path: str, *, whole: bool) -> Bounds | None:
    if name not in fields:
        return None
    here = f"{path}.{name}"
    found = _object(fields[name], here)
    _only(found, here, *COMPARISONS)
    if not found:
        raise BadRule(here, "{}", f"at least one of {', '.join(COMPARISONS)}")
    for op, value in found.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or (whole and (value < 0 or value % 1)):
            allowed = "a whole number from 0" if whole else "a number"
            raise BadRule(f"{here}.{op}", value, allowed)
    return Bounds(tuple((op, float(value)) for op, value in found.items()))


def _days(fields: Mapping[str, Any], name: str, path: str) -> float:
    found = fields.get(name, math.inf)
    number = isinstance(found, (int, float)) and not isinstance(found, bool)
    if not number or not found > 0:
        raise BadRule(f"{path}.{name}", found, "a number of days above 0")
    return float(found)


def _object(found: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise BadRule(path, found, "a JSON object")
    return found


def _list(found: Any, path: str, *, most: int) -> list[Any]:
    if not isinstance(found, list) or not 1 <= len(found) <= most:
        raise BadRule(path, found, f"a list of 1 to {most:,}")
    return found


def _text(found: Any, path: str) -> str:
    if not isinstance(found, str) or not found:
        raise BadRule(path, found, "a text")
    return found


def _only(fields: Mapping[str, Any], path: str, *known: str) -> None:
    for name in fields:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise BadRule(f"{path}.{str(name)[:_SHOWN]}", fields[name], f"{hint}{', '.join(known)}")
