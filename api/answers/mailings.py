"""From a placement to the list of a mailing: made once, and the same whenever it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from api.answers.pages import kept, whole
from api.mail.links import mail_item
from api.mail.mailing import Mailing
from api.messages.message import instant_or_none
from api.runtime.ids import uuid7
from api.web.keys import Right
from recsys.data.person import NO_SEGMENT

if TYPE_CHECKING:
    from api.messages.placements import PlacementItems
    from api.requests.query import Query
    from api.service import Service
    from recsys.storage.decisions.lists import ShownList

NO_FACTS: Mapping[str, str] = {"segment": "", "best_channel": "", "send_at": "", "churn_band": ""}
UNEXPLAINED: Mapping[str, Any] = {"explain": False}
_FACTS = "facts"


@dataclass(frozen=True, slots=True)
class Sending:
    """What a mail tool asks for.

    Attributes
    ----------
    user_id : str
        Whose list; empty for anybody's.
    placement : str
        By which placement.
    query : Query
        Its limit, its segment.
    send_id : str
        Of the mailing; empty: it is made anew each time.
    rights : frozenset of Right
        What the key opens: what else is told of the user.
    """

    user_id: str
    placement: str
    query: Query
    send_id: str
    rights: frozenset[Right]

    @property
    def key(self) -> str:
        """Its key in the store: the list of one user, in one mailing, of one length and tongue."""
        query = self.query
        parts = (self.placement, self.send_id, self.user_id, query.said_limit or 0)
        return orjson.dumps((*parts, query.lang) if query.lang else parts).decode()


def listed(service: Service, sending: Sending) -> ShownList:
    """Return a list for a sending, to be kept.

    Raises
    ------
    UnknownPlacement, UnknownSegment
        There is none.
    """
    at, serving = service.clock(), service.current.serving
    answer = service.placing.desk.shown(serving, sending.placement, sending.query, at=at)
    if sending.send_id:
        # Not the id of what anybody gets: a mailing has a list of its own.
        answer.recommendation_id = uuid7(at)
    made = kept(answer, at=at, send_key=sending.key if sending.send_id else None)
    return replace(made, head={**made.head, _FACTS: _facts(service, sending, at=at)})


def mailing(service: Service, shown: ShownList, *, base: str) -> Mailing:
    """Return a list as a mail shows it, with links by way of `base`."""
    head = dict(shown.head)
    facts = head.pop(_FACTS, NO_FACTS)
    answer = whole(replace(shown, head=head))
    serving = service.config.serving
    return Mailing(
        list_id=shown.list_id,
        name=shown.placement_id,
        link=serving.shop_url or base,
        rung=shown.rung,
        at=datetime.fromisoformat(answer.generated_at),
        items=tuple(
            mail_item(
                item,
                shown.list_id,
                base=base,
                shop=serving.shop_url,
                currency=service.config.channels.currency,
            )
            for item in answer.items
        ),
        facts=facts,
    )


def of_anybody(service: Service, answer: PlacementItems, *, base: str) -> Mailing:
    """Return a list that is nobody's own as a feed shows it."""
    return replace(mailing(service, kept(answer, at=0), base=base), facts={})


def _facts(service: Service, sending: Sending, *, at: int) -> Mapping[str, str]:
    if not sending.user_id or Right.READ not in sending.rights:
        return NO_FACTS
    desk, serving, query = service.desk, service.current.serving, service.reader.said(UNEXPLAINED)
    person, _ = desk.person(serving, sending.user_id, query, at=at, again=True)
    choice, names = desk.advice(serving, person, query).answer, serving.answering.bundle.segments
    told = Right.EXPORT in sending.rights
    return {
        "segment": "" if person.segment_row == NO_SEGMENT else names.names[person.segment_row],
        "best_channel": choice.best if choice else "",
        "send_at": (choice and instant_or_none(choice.send_at)) or "",
        "churn_band": (told and desk.risk(serving, person, query).band) or "",
    }
