"""Answers that stay the same for a while: kept as bytes, but for the id and the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from api.messages.message import dump
from api.messages.users import ItemsAnswer, UserAnswer
from api.model.served import Serving
from api.runtime import ids, json
from recsys.ladder import Question, RungName

Rungs = Sequence[tuple[Question, RungName | None]]

_HEAD = b'{"recommendation_id":"'


@dataclass(frozen=True, slots=True)
class ReadyAnswer:
    """An answer as it would be made again until something changes.

    Attributes
    ----------
    serving : Serving
        The model version that made it.
    since, until : int
        When it was made, and the first instant at which it may be another (microseconds since the
        epoch).
    rungs : sequence of (Question, RungName or None)
        Which rungs answered.
    parts : tuple of bytes
        All that follows the id, parted where the instant is told.
    """

    serving: Serving
    since: int
    until: int
    rungs: Rungs
    parts: tuple[bytes, ...]

    @classmethod
    def of(cls, answer: ItemsAnswer, serving: Serving, *, since: int, until: int) -> Self:
        """Return an answer taken apart."""
        rungs = [(Question.ITEMS, answer.rung)]
        if isinstance(answer, UserAnswer):
            rungs += [
                (Question.CHANNEL, answer.channel.rung),
                (Question.CHURN, answer.churn.rung),
            ]
        after_id = dump(answer)[len(_HEAD) + len(answer.recommendation_id) :]
        parts = after_id.split(answer.generated_at.encode())
        return cls(serving, since, until, rungs, tuple(parts))

    def holds(self, serving: Serving, at: int) -> bool:
        """Return whether the same model version would say the same at `at`."""
        return self.serving is serving and self.since <= at < self.until

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def written(self, at: int) -> bytes:
        """Return it as JSON, with an id of its own, as of `at`."""
        rest = json.instant(at).encode().join(self.parts)
        return b"".join((_HEAD, ids.uuid7(at).encode(), rest))
