"""Surveys: answers by question, and the one to “how likely are you to recommend us”.

A question is that one where its type says so (``nps``, ``net-promoter-score``) and its answer is 0
to 10; by its words nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TYPES = ("nps", "net-promoter-score", "net_promoter_score")
_MOST = 10


def record(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a response with ``answer`` by question, and ``nps`` where a question is that one."""
    found = list(_answers(given))
    scores = [said for kind, _, said in found if kind in _TYPES and _is_score(said)]
    rest = {name: value for name, value in given.items() if name not in ("answers", "pages")}
    answers = {question: said for _, question, said in found}
    return {**rest, "answer": answers, "nps": scores[0] if scores else None}


def _answers(given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for one in _dicts(given.get("answers")):
        yield str(one.get("question_type")).lower(), str(one.get("question_id")), _said(one)
    for page in _dicts(given.get("pages")):
        for question in _dicts(page.get("questions")):
            kind = str(question.get("subtype") or question.get("family")).lower()
            for one in _dicts(question.get("answers")):
                yield kind, str(question.get("id")), _said(one)


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _said(answer: Mapping[str, Any]) -> str:
    names = ("answer", "simple_text", "text")
    return next((str(answer[name]) for name in names if answer.get(name) is not None), "")


def _is_score(said: str) -> bool:
    return said.isdecimal() and int(said) <= _MOST
