"""Trees of frozen values as JSON facts, and back by their annotations.

Arrays are not facts: each is handed to a `keep` function with its place in the tree
(``items/als/factors``), and the facts note where it was kept.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

SCALARS = (str, int, float, bool)


class Family(Enum):
    """What a value is, and so how it is kept."""

    SCALAR = "one str, int, float or bool"
    ARRAY = "an array"
    ENUM = "a member of an Enum of str or int"
    JSON = "plain JSON"
    MANY = "a tuple of any length, all of one kind"
    SEVERAL = "a tuple of fixed length"
    KEYED = "a mapping from str"
    ONE_OF = "one of several kinds"
    RECORD = "a dataclass"


@dataclass(frozen=True, slots=True)
class Shape:
    """An annotation, taken apart.

    Attributes
    ----------
    family : Family
        What it is.
    kind : type
        The type itself, of scalars, enums and records.
    parts : tuple of annotations
        What it is made of: the kinds of a tuple, key and value of a mapping, the members of a
        union without None.
    optional : bool
        Whether None is allowed.
    """

    family: Family
    kind: Any = None
    parts: tuple[Any, ...] = ()
    optional: bool = False


@cache
def shape(kind: Any) -> Shape:
    """Take an annotation apart.

    Raises
    ------
    TypeError
        It is none of the families: a value could not be rebuilt from it.
    """
    if isinstance(kind, NewType):
        return shape(kind.__supertype__)
    if kind in (Any, object):
        return Shape(Family.JSON)
    if np.ndarray in (kind, get_origin(kind)):
        return Shape(Family.ARRAY)
    if get_origin(kind) is not None:
        return _composed(kind, get_origin(kind), get_args(kind))
    if kind in SCALARS:
        return Shape(Family.SCALAR, kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return Shape(Family.RECORD, kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Shape(Family.ENUM, kind)
    raise TypeError(f"what is annotated {kind} cannot be kept")


@cache
def hints(record: type) -> dict[str, Any]:
    """Return the annotation of each field of a dataclass, in order."""
    known = get_type_hints(record)
    return {field.name: known[field.name] for field in fields(record)}


@cache
def members(union: Shape) -> dict[str, Any]:
    """Return the kinds of a union by the name that facts call them.

    Raises
    ------
    TypeError
        Two of them have the same name.
    """
    named = {(get_origin(kind) or kind).__name__: kind for kind in union.parts}
    if len(named) < len(union.parts):
        raise TypeError(f"the members of {union.parts} cannot be told apart by name")
    return named


def _composed(kind: Any, origin: Any, args: tuple[Any, ...]) -> Shape:
    if origin is Literal:
        return Shape(Family.JSON)
    if origin in (Union, UnionType):
        parts = tuple(arg for arg in args if arg is not NoneType)
        return Shape(Family.ONE_OF, parts=parts, optional=NoneType in args)
    if origin is tuple and args[1:] == (Ellipsis,):
        return Shape(Family.MANY, parts=args[:1])
    if origin is tuple:
        return Shape(Family.SEVERAL, parts=args)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Shape(Family.KEYED, parts=args)
    raise TypeError(f"what is annotated {kind} cannot be kept")


Keep = Callable[[str, NDArray[Any]], str]

Fetch = Callable[[str], NDArray[Any]]

PLAIN_NAME = re.compile(r"[a-z0-9_-]{1,64}")


class DoesNotFit(ValueError):
    """Facts that were written from other annotations than they are read with."""

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        self.why = why
        super().__init__(f"{where or 'the whole'} {why}")


def encode(value: Any, kind: Any, *, keep: Keep) -> Any:
    """Return the facts of a value, ready for JSON.

    Parameters
    ----------
    value : object
        Of the annotation `kind`, all the way down.
    kind : annotation
        See :class:`recsys.storage.models.codec.Family` for what may be kept.
    keep : function of (place, array)
        Keeps an array and returns where.

    Raises
    ------
    TypeError
        A value that could not be rebuilt from its annotation; names its place.
    """
    return _Encoder(keep).encode(value, kind, "")


def decode(fact: Any, kind: Any, *, fetch: Fetch) -> Any:
    """Return the value of facts.

    Tuples, enums and dataclasses come back as they were, mappings as dicts in order of their
    keys, NumPy's scalars as Python's. What is annotated ``Any`` comes back as JSON has it: tuples
    as lists, dataclasses as dicts, keys as str.

    Raises
    ------
    DoesNotFit
        The facts were written from other annotations; names the place.
    """
    return _Decoder(fetch).decode(fact, kind, "")


def no_arrays(place: Any, *_: Any) -> Any:
    """Keep or fetch nothing: for values that have no business with arrays."""
    raise TypeError(f"{place}: no arrays here")


@dataclass(frozen=True, slots=True)
class _Encoder:
    keep: Keep

    def encode(self, value: Any, kind: Any, where: str) -> Any:
        form = shape(kind)
        if value is None and form.optional:
            return None
        if not _takes(form, value):
            raise TypeError(f"{where or 'the whole'}: {_shown(value)} is not {_named(form)}")
        return _ENCODERS[form.family](self, value, form, where)

    def scalar(self, value: Any, form: Shape, where: str) -> Any:  # noqa: ARG002
        plain = _plain(value)
        return _finite(float(plain)) if form.kind is float else plain

    def array(self, value: Any, form: Shape, where: str) -> Any:  # noqa: ARG002
        return {"$array": self.keep(where, value)}

    def enum(self, value: Any, form: Shape, where: str) -> Any:  # noqa: ARG002
        return value.value

    def json(self, value: Any, form: Shape, where: str) -> Any:
        plain = _plain(value)
        if isinstance(plain, float):
            return _finite(plain)
        if plain is None or isinstance(plain, (str, int)):
            return plain
        if is_dataclass(plain) and not isinstance(plain, type):
            plain = {field.name: getattr(plain, field.name) for field in fields(plain)}
        if isinstance(plain, (list, tuple)):
            return [self.json(v, form, f"{where}/{i}") for i, v in enumerate(plain)]
        if isinstance(plain, Mapping):
            return {_key(k, where): self.json(v, form, f"{where}/{k}") for k, v in plain.items()}
        raise TypeError(f"{where}: {type(value)} is not JSON")

    def many(self, value: Any, form: Shape, where: str) -> Any:
        (kind,) = form.parts
        if _are_plain(value, kind):
            return list(value)
        return [self.encode(v, kind, f"{where}/{i}") for i, v in enumerate(value)]

    def several(self, value: Any, form: Shape, where: str) -> Any:
        places = enumerate(zip(value, form.parts, strict=True))
        return [self.encode(v, kind, f"{where}/{i}") for i, (v, kind) in places]

    def keyed(self, value: Any, form: Shape, where: str) -> Any:
        key_kind, kind = form.parts
        names = {key: self.encode(key, key_kind, where) for key in value}
        if not all(isinstance(name, str) for name in names.values()):
            raise TypeError(f"{where}: keys must be str")
        return {
            str(name): self.encode(value[key], kind, f"{where}/{_component(name)}")
            for key, name in names.items()
        }

    def one_of(self, value: Any, form: Shape, where: str) -> Any:
        if len(form.parts) == 1:
            return self.encode(value, form.parts[0], where)
        name = next(n for n, kind in members(form).items() if _takes(shape(kind), value))
        return {"$as": name, "is": self.encode(value, members(form)[name], where)}

    def record(self, value: Any, form: Shape, where: str) -> Any:
        return {
            name: self.encode(getattr(value, name), kind, _below(where, name))
            for name, kind in hints(form.kind).items()
        }


@dataclass(frozen=True, slots=True)
class _Decoder:
    fetch: Fetch

    def decode(self, fact: Any, kind: Any, where: str) -> Any:
        form = shape(kind)
        if fact is None and form.optional:
            return None
        try:
            return _DECODERS[form.family](self, fact, form, where)
        except (KeyError, TypeError, AttributeError) as error:
            raise DoesNotFit(where, f"should be {_named(form)}, is {_shown(fact)}") from error

    def scalar(self, fact: Any, form: Shape, where: str) -> Any:
        if form.kind is float and isinstance(fact, dict):
            return float(fact["$float"])
        if type(fact) is not form.kind:
            raise DoesNotFit(where, f"should be {_named(form)}, is {_shown(fact)}")
        return fact

    def array(self, fact: Any, form: Shape, where: str) -> Any:  # noqa: ARG002
        return self.fetch(fact["$array"])

    def enum(self, fact: Any, form: Shape, where: str) -> Any:
        try:
            return form.kind(fact)
        except ValueError:
            raise DoesNotFit(where, f"should be {_named(form)}, is {_shown(fact)}") from None

    def json(self, fact: Any, form: Shape, where: str) -> Any:
        if isinstance(fact, list):
            return [self.json(v, form, where) for v in fact]
        if isinstance(fact, dict):
            if fact.keys() == {"$float"}:
                return float(fact["$float"])
            return {key: self.json(v, form, where) for key, v in fact.items()}
        return fact

    def many(self, fact: Any, form: Shape, where: str) -> Any:
        (kind,) = form.parts
        if not isinstance(fact, list):
            raise DoesNotFit(where, f"should be {_named(form)}, is {_shown(fact)}")
        if _are_plain(fact, kind):
            return tuple(fact)
        return tuple(self.decode(v, kind, f"{where}/{i}") for i, v in enumerate(fact))

    def several(self, fact: Any, form: Shape, where: str) -> Any:
        if not (isinstance(fact, list) and len(fact) == len(form.parts)):
            raise DoesNotFit(where, f"should be {_named(form)}, is {_shown(fact)}")
        places = enumerate(zip(fact, form.parts, strict=True))
        return tuple(self.decode(v, kind, f"{where}/{i}") for i, (v, kind) in places)

    def keyed(self, fact: Any, form: Shape, where: str) -> Any:
        key_kind, kind = form.parts
        return {
            self.decode(key, key_kind, where): self.decode(v, kind, f"{where}/{key}")
            for key, v in sorted(fact.items())
        }

    def one_of(self, fact: Any, form: Shape, where: str) -> Any:
        if len(form.parts) == 1:
            return self.decode(fact, form.parts[0], where)
        return self.decode(fact["is"], members(form)[fact["$as"]], where)

    def record(self, fact: Any, form: Shape, where: str) -> Any:
        known = hints(form.kind)
        if odd := sorted(fact.keys() ^ known.keys()):
            verb = "has an unknown field" if odd[0] in fact else "lacks the field"
            raise DoesNotFit(where, f"{verb} {odd[0]!r} of {form.kind.__name__}")
        values = {n: self.decode(fact[n], kind, _below(where, n)) for n, kind in known.items()}
        return form.kind(**values)


_ENCODERS: Mapping[Family, Callable[[_Encoder, Any, Shape, str], Any]] = {
    family: getattr(_Encoder, family.name.lower()) for family in Family
}

_DECODERS: Mapping[Family, Callable[[_Decoder, Any, Shape, str], Any]] = {
    family: getattr(_Decoder, family.name.lower()) for family in Family
}


def _takes(form: Shape, value: Any) -> bool:
    """Return whether a value is of a shape, looking no deeper than its type."""
    return _TAKES[form.family](form, value)


_TAKES: Mapping[Family, Callable[[Shape, Any], bool]] = {
    Family.SCALAR: lambda form, value: _takes_scalar(form.kind, _plain(value)),
    Family.ARRAY: lambda _, value: (
        type(value) in (np.ndarray, np.memmap) and not value.dtype.hasobject
    ),
    Family.ENUM: lambda form, value: (
        isinstance(value, form.kind) and isinstance(value.value, (str, int))
    ),
    Family.JSON: lambda _form, _value: True,
    Family.MANY: lambda _, value: isinstance(value, tuple),
    Family.SEVERAL: lambda form, value: isinstance(value, tuple) and len(value) == len(form.parts),
    Family.KEYED: lambda _, value: isinstance(value, Mapping),
    Family.ONE_OF: lambda form, value: any(_takes(shape(kind), value) for kind in form.parts),
    Family.RECORD: lambda form, value: type(value) is form.kind,
}


def _takes_scalar(kind: type, plain: Any) -> bool:
    if kind is str:
        return isinstance(plain, str)
    return type(plain) is kind or (kind is float and type(plain) is int)


def _are_plain(values: Any, kind: Any) -> bool:
    """Return whether values are JSON as they are; quick, for tuples of millions of ids."""
    return kind in (str, int, bool) and set(map(type, values)) <= {kind}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _finite(value: float) -> Any:
    return value if math.isfinite(value) else {"$float": str(value)}


def _key(key: Any, where: str) -> str:
    text = str(key)
    if not isinstance(key, (str, int)) or text.startswith("$"):
        raise TypeError(f"{where}: a JSON key must be str or int without a leading $, got {key!r}")
    return text


def _below(where: str, name: str) -> str:
    return f"{where}/{name}" if where else name


def _component(key: str) -> str:
    """Return a file name for any key; odd ones by their hash, so that none leaves its folder."""
    if PLAIN_NAME.fullmatch(key):
        return key
    return "~" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _named(form: Shape) -> str:
    if form.family is Family.ONE_OF:
        return f"one of {', '.join(members(form))}"
    return str(form.kind.__name__ if form.kind else form.family.value)


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}…"
