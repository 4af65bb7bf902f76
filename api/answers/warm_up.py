"""The first answers of a model version, before it serves: they show that it can, and are slow."""

from __future__ import annotations

from api.answers.answer import Answers
from api.messages.message import dump
from api.model.served import Serving
from api.requests.query import Query
from recsys.errors import CannotAnswer
from recsys.ladder import Reason, RungName


def warm_up(answers: Answers, serving: Serving, *, at: int) -> None:
    """Answer for a stranger and for a known user.

    Raises
    ------
    CannotAnswer
        The lowest rung fails, which has to serve anybody.
    """
    users = serving.answering.bundle.interactions.users
    for user_id in ("", *(users[row] for row in range(min(1, len(users))))):
        answer = answers.everything(serving, user_id, Query(), at=at)
        dump(answer)
        for climb in (answer, answer.channel, answer.churn):
            for step in climb.trail:
                if step.rung == RungName.POPULAR and step.reason == Reason.FAILED:
                    raise CannotAnswer(serving.answering.version)
