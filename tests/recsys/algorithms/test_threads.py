"""Numerical libraries work with one thread where sums must come out the same."""

import sys
from types import ModuleType

import pytest
import sklearn.cluster  # noqa: F401 - loads OpenMP
from threadpoolctl import threadpool_info, threadpool_limits

from recsys.algorithms import threads
from recsys.algorithms.threads import one_thread


def used(api: str) -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == api}


def test_all_libraries_have_one_thread_and_then_what_they_had() -> None:
    with threadpool_limits(2):
        with one_thread():
            assert used("blas") | used("openmp") == {1}
        assert used("openmp") == {2}


def test_of_one_api_the_others_keep_theirs() -> None:
    with threadpool_limits(2), one_thread("blas"):
        assert (used("blas"), used("openmp")) == ({1}, {2})


def test_libraries_are_looked_for_again_after_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    one_thread()
    found = threads._loaded(len(sys.modules))
    assert threads._loaded(len(sys.modules)) is found
    monkeypatch.setitem(sys.modules, "a_module_that_came_later", ModuleType("later"))
    assert threads._loaded(len(sys.modules)) is not found
