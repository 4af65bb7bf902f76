"""Trees of frozen values as JSON facts, and back by their annotations.

cattrs takes the trees apart and puts them together; how strictly is said here. Arrays are not
facts: each is handed to a `keep` function with its place in the tree (``items/als/factors``), and
the facts note where it was kept.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from enum import Enum
from functools import partial
from reprlib import repr as shortened
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import numpy as np
from cattrs import BaseValidationError, Converter
from cattrs.cols import (
    homogenous_tuple_structure_factory,
    is_any_set,
    is_mapping,
    is_mutable_sequence,
    iterable_unstructure_factory,
)
from cattrs.errors import AttributeValidationNote, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, mapping_structure_factory
from numpy.typing import NDArray

Keep = Callable[[str, NDArray[Any]], str]

Fetch = Callable[[str], NDArray[Any]]

PLAIN_NAME = re.compile(r"[a-z0-9_-]{1,64}")

_ARRAY, _FLOAT = "$array", "$float"
_AS, _IS = "$as", "is"


class DoesNotFit(ValueError):
    """Facts that were written from other annotations than they are read with."""

    def __init__(self, place: str, why: object) -> None:
        self.misfit = f"{place or 'the whole'} {why}"
        super().__init__(f"does not fit this code: {self.misfit}; `recsys train` makes a new one")


def encode(value: Any, kind: Any, *, keep: Keep) -> Any:
    """Return the facts of a value, ready for JSON.

    Parameters
    ----------
    value : object
        Of the annotation `kind`, all the way down: dataclasses, enums, tuples, mappings from str,
        unions told apart by name, arrays, scalars and ``Any``.
    kind : annotation
        What it will be read as.
    keep : function of (place, array)
        Keeps an array and returns where.

    Raises
    ------
    TypeError
        A value that could not be rebuilt from its annotation; says which.
    """
    facts = _as_json(_CONVERTER.unstructure(value, kind), "", keep)
    try:
        decode(facts, kind, fetch=lambda _: np.empty(0))
    except DoesNotFit as error:
        raise TypeError(error.misfit) from error
    return facts


def decode(fact: Any, kind: Any, *, fetch: Fetch) -> Any:
    """Return the value of facts.

    Tuples, enums and dataclasses come back as they were, mappings as dicts, NumPy's scalars as
    Python's. What is annotated ``Any`` comes back as JSON has it: tuples as lists, dataclasses as
    dicts, keys as str. A field that has a default may be missing: older code did not know it.

    Raises
    ------
    DoesNotFit
        The facts were written from other annotations; names the place.
    """
    try:
        return _CONVERTER.structure(_from_json(fact, fetch), kind)
    except (BaseValidationError, _Misfit) as error:
        raise _located(error) from error


def no_arrays(place: Any, *_: Any) -> Any:
    """Keep or fetch nothing: for values that have no business with arrays."""
    raise TypeError(f"{place}: no arrays here")


def _as_json(node: Any, place: str, keep: Keep) -> Any:
    """Return what cattrs took apart as JSON: arrays kept elsewhere, NaN in words, keys as str."""
    node = node.item() if isinstance(node, np.generic) else node
    if isinstance(node, np.ndarray):
        if type(node) not in (np.ndarray, np.memmap) or node.dtype.hasobject:
            raise TypeError(f"{place}: {shortened(node)} is not an array that can be kept")
        return {_ARRAY: keep(place, node)}
    if isinstance(node, float) and not math.isfinite(node):
        return {_FLOAT: str(node)}
    if isinstance(node, Mapping):
        named = node.keys() == {_AS, _IS}
        return {
            _key(key, place): _as_json(value, place if named else _below(place, key), keep)
            for key, value in node.items()
        }
    if isinstance(node, (list, tuple)):
        return [_as_json(value, f"{place}/{i}", keep) for i, value in enumerate(node)]
    if node is None or isinstance(node, (str, int, float)):
        return node
    raise TypeError(f"{place}: {type(node)} is not JSON")


def _from_json(fact: Any, fetch: Fetch) -> Any:
    if isinstance(fact, list):
        return [_from_json(value, fetch) for value in fact]
    if not isinstance(fact, dict):
        return fact
    if fact.keys() == {_ARRAY}:
        return fetch(fact[_ARRAY])
    if fact.keys() == {_FLOAT}:
        return float(fact[_FLOAT])
    return {key: _from_json(value, fetch) for key, value in fact.items()}


class _Misfit(TypeError):
    """A fact that is not of a kind, without its place."""

    def __init__(self, fact: Any, kind: Any) -> None:
        super().__init__(f"should be {getattr(kind, '__name__', kind)}, is {shortened(fact)}")


def _located(error: BaseException) -> DoesNotFit:
    """Return the first of cattrs' errors, with its place in the tree."""
    place = ""
    while isinstance(error, BaseValidationError):
        error = error.exceptions[0]
        for note in getattr(error, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                place = _below(place, note.name)
            elif isinstance(note, IterableValidationNote):
                place = _below(place, note.index)
    why = "is missing" if isinstance(error, KeyError) else error
    return DoesNotFit(place, why)


def _scalar(fact: Any, kind: Any) -> Any:
    if type(fact) is kind:
        return fact
    if kind is float and type(fact) is int:
        return float(fact)
    if issubclass(kind, Enum) and fact in {member.value for member in kind}:
        return kind(fact)
    raise _Misfit(fact, kind)


def _array(fact: Any, _: Any) -> NDArray[Any]:
    if not isinstance(fact, np.ndarray):
        raise _Misfit(fact, "an array")
    return fact


def _from(json_kind: type, make: Callable[[Any, Converter], Any], kind: Any, to: Converter) -> Any:
    rebuilt = make(kind, to)

    def structure(fact: Any, _: Any) -> Any:
        if not isinstance(fact, json_kind):
            raise _Misfit(fact, kind)
        return rebuilt(fact, kind)

    return structure


def _exactly(make: Callable[[Any, Converter], Any], kind: Any, converter: Converter) -> Any:
    apart, expected = make(kind, converter), get_origin(kind) or kind

    def unstructure(value: Any) -> Any:
        # A subclass would lose what it adds, and a str is not a tuple of letters.
        if type(value) is not expected:
            raise TypeError(f"{shortened(value)} is not {expected.__name__}")
        return apart(value)

    return unstructure


def _one_of(kind: Any, converter: Converter) -> Any:
    members = _members(kind)

    def structure(fact: Any, _: Any) -> Any:
        if fact is None and NoneType in get_args(kind):
            return None
        if not isinstance(fact, dict) or fact.get(_AS) not in members:
            raise _Misfit(fact, f"one of {', '.join(members)}")
        return converter.structure(fact[_IS], members[fact[_AS]])

    return structure


def _named(kind: Any, converter: Converter) -> Any:
    members = _members(kind)

    def unstructure(value: Any) -> Any:
        name = type(value).__name__
        known = name in members
        return {_AS: name, _IS: converter.unstructure(value, members[name])} if known else value

    return unstructure


def _members(union: Any) -> dict[str, Any]:
    """Return the kinds of a union by the name that facts call them."""
    kinds = [kind for kind in get_args(union) if kind is not NoneType]
    named = {(get_origin(kind) or kind).__name__: kind for kind in kinds}
    if len(named) < len(kinds):
        raise TypeError(f"the members of {union} cannot be told apart by name")
    return named


def _is_tuple(kind: Any) -> bool:
    return get_args(kind)[1:] == (...,)


def _is_choice(kind: Any) -> bool:
    is_union = get_origin(kind) in (Union, UnionType)
    return is_union and len({*get_args(kind)} - {NoneType}) > 1


def _refused(kind: Any) -> Any:
    raise TypeError(f"what is annotated {kind} cannot be kept")


def _converter() -> Converter:
    made = Converter(structure_fallback_factory=_refused)
    for kind in (str, int, float, bool, Enum):
        made.register_structure_hook(kind, _scalar)
    made.register_structure_hook_func(lambda kind: np.ndarray in (kind, get_origin(kind)), _array)
    record = partial(make_dict_structure_fn, _cattrs_forbid_extra_keys=True)
    for predicate, factory in (
        (is_mutable_sequence, _refused),
        (is_any_set, _refused),
        (is_mapping, partial(_from, dict, mapping_structure_factory)),
        (is_dataclass, partial(_from, dict, record)),
        (_is_tuple, partial(_from, list, homogenous_tuple_structure_factory)),
        (_is_choice, _one_of),
    ):
        made.register_structure_hook_factory(predicate, factory)
    made.register_unstructure_hook_factory(
        is_dataclass, partial(_exactly, make_dict_unstructure_fn)
    )
    made.register_unstructure_hook_factory(
        _is_tuple, partial(_exactly, iterable_unstructure_factory)
    )
    made.register_unstructure_hook_factory(_is_choice, _named)
    return made


_CONVERTER = _converter()


def _key(key: Any, place: str) -> str:
    if not isinstance(key, (str, int)) or key in (_ARRAY, _FLOAT):
        raise TypeError(f"{place}: a JSON key must be str or int and not {_ARRAY}, is {key!r}")
    return str(key)


def _below(place: str, step: str | int) -> str:
    """Return a place in a place; odd names by their hash, so that none leaves its folder."""
    name = str(step)
    if not PLAIN_NAME.fullmatch(name):
        name = "~" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{place}/{name}" if place else name
