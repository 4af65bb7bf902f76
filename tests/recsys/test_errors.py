"""The error tree: drawn as it is, and every error in words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from api import errors as of_requests
from api.client import errors as of_a_service
from recsys import errors
from recsys.errors import BadRule, NothingToLearnFrom, RecsysError, UnknownKey, shown
from recsys.storage.models import errors as of_models
from training import errors as of_files
from training.errors import MissingColumn


def tree(error: type[RecsysError], depth: int = 0) -> Iterator[tuple[int, str]]:
    yield depth, error.__name__
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child, depth + 1)


def drawn() -> Iterator[tuple[int, str]]:
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"(?: {4})?([│├└ ─]*)([A-Z]\w+)(?:\s{2,}.*)?$", line):
            yield len(found[1]) // 4, found[2]


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    assert sorted(drawn()) == sorted(tree(RecsysError))


@pytest.mark.parametrize("room", [errors, of_requests, of_a_service, of_models, of_files])
def test_every_error_says_what_it_is_about(room: ModuleType) -> None:
    kinds = [each for each in vars(room).values() if inspect.isclass(each)]
    assert all(kind.__doc__ for kind in kinds if issubclass(kind, RecsysError))


def test_a_missing_column_says_what_would_have_been_understood() -> None:
    error = MissingColumn("user", found=["who", "what"], accepted=["user_id", "user"])
    assert "who, what" in str(error)
    assert "user_id, user" in str(error)
    assert '[data.columns] user = "…"' in str(error)


def test_a_key_like_no_other_lists_what_is_known() -> None:
    assert "known: a.b, c.d" in str(UnknownKey("zzzzzz", known=["a.b", "c.d"]))


def test_too_little_data_says_how_much_there_was() -> None:
    assert str(NothingToLearnFrom("purchases", found=3, needed=1_000)) == (
        "too little data: 3 purchases, at least 1,000 needed"
    )


def test_values_are_spelled_as_their_sender_would() -> None:
    values = ("vip", "", None, True, ["a", 1], {"a": None}, float("inf"), {"b", "a"})
    assert [shown(one) for one in values] == [
        "'vip'", "empty", "missing", "true", '["a", 1]', '{"a": null}', "Infinity", '["a", "b"]',
    ]  # fmt: skip
    assert str(BadRule("rule.op", None, "eq")) == "rule.op is missing; allowed: eq"
    assert len(shown("x" * 999)) < 210
