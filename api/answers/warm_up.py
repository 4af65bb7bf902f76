"""The first answers of a model version, before it serves."""

from __future__ import annotations

from api.answers.answer import Desk
from api.errors import CannotAnswer
from api.messages.message import dump
from api.model.served import Serving
from api.requests.query import QueryReader
from recsys.ladder import Reason, RungName


def warm_up(serving: Serving, desk: Desk, reader: QueryReader, *, at: int) -> None:
    """Answer for a stranger and for a known user, so that the first request is warm.

    Raises
    ------
    CannotAnswer
        The lowest rung fails, which has to serve anybody.
    """
    desk = desk.unseen()
    users = serving.answering.bundle.interactions.users
    for user_id in ("", *(users[row] for row in range(min(1, len(users))))):
        answer = desk.everything(serving, user_id, reader.query(b""), at=at)
        dump(answer)
        for step in (*answer.trail, *answer.channel.trail, *answer.churn.trail):
            if step.rung == RungName.POPULAR and step.reason == Reason.FAILED:
                raise CannotAnswer(serving.answering.version)
