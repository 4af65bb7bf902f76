"""Facts without files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.storage.models.codec import DoesNotFit, decode, encode, no_arrays


@dataclass(frozen=True, slots=True)
class Scores:
    scores: NDArray[np.float32]


def test_a_choice_between_kinds_is_named_in_the_facts() -> None:
    assert encode("a", int | str, keep=no_arrays) == {"$as": "str", "is": "a"}
    assert encode(None, int | None, keep=no_arrays) is None
    assert encode(7, int | None, keep=no_arrays) == 7


def test_a_float_may_be_written_as_an_int_and_comes_back_as_float() -> None:
    fact = encode(1, float, keep=no_arrays)
    assert type(decode(fact, float, fetch=no_arrays)) is float


def test_where_arrays_have_no_business_they_are_refused() -> None:
    with pytest.raises(TypeError, match="scores: no arrays here"):
        encode(Scores(np.zeros(1, np.float32)), Scores, keep=no_arrays)


@pytest.mark.parametrize(
    ("fact", "kind", "message"),
    [
        ([1, "b", 3], tuple[int, str], r"Too many values in \[1, .b., 3\]"),
        ([1, 2], tuple[int, str], "1 should be str, is 2"),
        ("a", dict[str, int], "the whole should be dict, is 'a'"),
        ({"a": "b"}, dict[str, int], "a should be int, is 'b'"),
        (None, int, "the whole should be int, is None"),
        ({"$as": "bool", "is": True}, int | str, "the whole should be one of int, str"),
        (list(range(50)), str, r"is \[0, 1, 2, .*\.\.\.\]"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(fact: object, kind: object, message: str) -> None:
    with pytest.raises(DoesNotFit, match=message):
        decode(fact, kind, fetch=no_arrays)


@dataclass(frozen=True)
class Grown:
    name: str
    colour: str = "red"


def test_a_field_that_older_code_did_not_know_takes_its_default() -> None:
    assert decode({"name": "tea"}, Grown, fetch=no_arrays) == Grown("tea", "red")
