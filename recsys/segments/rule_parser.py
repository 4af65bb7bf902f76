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
    Condition,
    EventMatch,
    Happened,
    InSegment,
    Junction,
    Negation,
    Node,
    Rule,
    RuleBounds,
    RuleLeaf,
    Says,
    Score,
    Sequence,
    Trait,
)

_SHOWN = 60


def parse(payload: Any, *, place: str = "rule") -> Rule:
    """Read a rule.

    Parameters
    ----------
    payload : JSON value
        What was said.
    place : str
        What its place is called in messages.

    Raises
    ------
    BadRule
        Names the place in the JSON, what stands there and what is allowed.
    """
    leaves: list[RuleLeaf] = []
    root = _node(payload, place, 1, leaves)
    return Rule(root, tuple(leaves))


def _node(payload: Any, path: str, depth: int, leaves: list[RuleLeaf]) -> Node:
    fields = _object(payload, path)
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
    leaves.append(RuleLeaf(len(leaves), path, _leaf(fields, path)))
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
    for number, payload in enumerate(_list(fields["sequence"], f"{path}.sequence", most=MAX_STEPS)):
        here = f"{path}.sequence[{number}]"
        step = _object(payload, here)
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
    for number, payload in enumerate(_list(fields["where"], f"{path}.where", most=MAX_STEPS)):
        here = f"{path}.where[{number}]"
        condition = _condition(_object(payload, here), "prop", here)
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


def _value(value: Any, op: str, path: str) -> str | float | tuple[str | float, ...] | None:
    if op == "exists":
        if value is not None:
            raise BadRule(path, value, "nothing: exists asks whether there is a value")
        return None
    if op == "in":
        several = _list(value, path, most=1_000)
        return tuple(_single(v, "eq", f"{path}[{i}]") for i, v in enumerate(several))
    return _single(value, op, path)


def _single(value: Any, op: str, path: str) -> str | float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and op != "contains" and math.isfinite(value):
        return float(value)
    if isinstance(value, str) and op not in ORDERINGS:
        return value
    allowed = "a number" if op in ORDERINGS else "a text" if op == "contains" else "text or number"
    raise BadRule(path, value, allowed)


def _bounds(fields: Mapping[str, Any], name: str, path: str, *, whole: bool) -> RuleBounds | None:
    if name not in fields:
        return None
    here = f"{path}.{name}"
    bounds = _object(fields[name], here)
    _only(bounds, here, *COMPARISONS)
    if not bounds:
        raise BadRule(here, "{}", f"at least one of {', '.join(COMPARISONS)}")
    for op, value in bounds.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or (whole and (value < 0 or value % 1)):
            allowed = "a whole number from 0" if whole else "a number"
            raise BadRule(f"{here}.{op}", value, allowed)
    return RuleBounds(tuple((op, float(value)) for op, value in bounds.items()))


def _days(fields: Mapping[str, Any], name: str, path: str) -> float:
    days = fields.get(name, math.inf)
    number = isinstance(days, (int, float)) and not isinstance(days, bool)
    if not number or not days > 0:
        raise BadRule(f"{path}.{name}", days, "a number of days above 0")
    return float(days)


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadRule(path, value, "a JSON object")
    return value


def _list(value: Any, path: str, *, most: int) -> list[Any]:
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise BadRule(path, value, f"a list of 1 to {most:,}")
    return value


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadRule(path, value, "a text")
    return value


def _only(fields: Mapping[str, Any], path: str, *allowed: str) -> None:
    for name in fields:
        if name not in allowed:
            near = get_close_matches(name, allowed, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise BadRule(
                f"{path}.{str(name)[:_SHOWN]}", fields[name], f"{hint}{', '.join(allowed)}"
            )
