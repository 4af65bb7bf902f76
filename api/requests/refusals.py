"""Which events were refused lately and why, and which names were not understood: to be mended."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from recsys.errors import BadEvent, cut

MOST = 100


@dataclass(slots=True)
class Refusal:
    """A reason, how often it was met, when last (microseconds), and an example."""

    count: int
    at: int
    example: str


class Refusals:
    """What one worker refused since it started; nothing of it is written anywhere.

    Attributes
    ----------
    by_code : mapping of str to Refusal
        By what is wrong.
    names : mapping of str to Refusal
        By a name that was not understood; the last ``MOST`` of them.
    """

    def __init__(self) -> None:
        self.by_code: dict[str, Refusal] = {}
        self.names: OrderedDict[str, Refusal] = OrderedDict()

    def note(self, error: BadEvent, payload: object, *, at: int) -> None:
        """Note an event that was refused."""
        _count(self.by_code, error.code, error.reason, at)
        name = _name(payload) if error.code == "unknown_kind" else ""
        if name:
            _count(self.names, name, error.reason, at)
            self.names.move_to_end(name)
            if len(self.names) > MOST:
                self.names.popitem(last=False)


def _count(into: dict[str, Refusal], key: str, example: str, at: int) -> None:
    found = into.setdefault(key, Refusal(0, at, ""))
    found.count += 1
    found.at, found.example = at, cut(example)


def _name(payload: object) -> str:
    """Return what an event is called; empty where that is no short text."""
    said = payload if isinstance(payload, dict) else {}
    name = said.get("event") or said.get("kind") or said.get("name")
    return name if isinstance(name, str) and len(name) <= MOST else ""
