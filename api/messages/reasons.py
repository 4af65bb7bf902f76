"""Reasons in answers: a code with its parameters, and the text in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from msgspec import Struct

from api.messages.message import Message, told
from api.model import languages
from recsys.words import Words

T = TypeVar("T")


_PLAIN = frozenset({str, int, float})


class Why(Message):
    """A reason."""

    code: Annotated[str, told("stays the same in all languages", examples=["items.history"])]
    params: Annotated[
        dict[str, Any],
        told("what the text names; a reason in a reason is one of these", examples=[{"n": 42}]),
    ]
    text: Annotated[
        str,
        told(
            "in the language of `lang`, of the user's trait `locale` or `language`, or of "
            "Accept-Language, the first of them that is there",
            examples=["42 different items in this user's history"],
        ),
    ]


Reason = Annotated[Why | None, told("as code, parameters and text; null: nothing is to be said")]


def why(words: str) -> Why | None:
    """Return a reason as it is answered, in English; None for a text that is none."""
    if not isinstance(words, Words):
        return None
    if words.told is None:
        said = words.params
        if not _PLAIN.issuperset(map(type, said.values())):
            said = {name: _plain(one) for name, one in said.items()}
        words.told = Why(words.code, dict(said), str(words))
    return words.told  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if isinstance(value, Words):
        return why(value)
    return [_plain(one) for one in value] if isinstance(value, list) else value


def in_language(answer: T, short: str) -> T:
    """Return an answer with every reason in it said in a language."""
    return answer if short == "en" else _in(answer, short)


def _in(value: Any, short: str) -> Any:
    if isinstance(value, Why):
        text = languages.text(value.code, _facts(value.params), short)
        params = {name: _in(one, short) for name, one in value.params.items()}
        return Why(value.code, params, value.text if text is None else text)
    if isinstance(value, list):
        return [_in(one, short) for one in value]
    if isinstance(value, Struct):
        found = {name: _in(getattr(value, name), short) for name in value.__struct_fields__}
        # Reasons of items have no code beside them in older clients: they are what is shown.
        if isinstance(found.get("why"), list) and found["why"]:
            found["reasons"] = [one.text for one in found["why"]]
        return type(value)(**found)
    return value


def _facts(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _fact(one) for name, one in params.items()}


def _fact(value: Any) -> Any:
    if isinstance(value, Why):
        return {"code": value.code, "params": _facts(value.params), "text": value.text}
    return [_fact(one) for one in value] if isinstance(value, list) else value
