"""Whose answers go into a file: all known users, an audience, those who granted a channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from api.answers import audience
from api.answers.answer import worth
from api.answers.audience import AudienceQuery, Looked
from api.answers.block import everything_of
from api.answers.export import CHUNK, EMAIL
from api.answers.write_back import WORTH_DAYS, ToolTarget
from api.messages.groups import AudienceBody
from api.messages.users import UserAnswer
from api.model.served import Serving
from api.requests.query import Query
from recsys.errors import BadQuery
from recsys.storage.privacy import vault
from recsys.storage.users import sensitive

if TYPE_CHECKING:
    from api.service import Service

KEPT = "addresses are kept: privacy.kept_traits with email, and storage.encryption_keys"


def lists_of(limit: int | None, exclude: Sequence[str]) -> dict[str, Any]:
    """Return what is said of lists: how long, None as the service's are, and without what."""
    return {**({} if limit is None else {"limit": limit}), "exclude": list(exclude)}


@dataclass(frozen=True, slots=True)
class Selection:
    """Users of one model version, and what is asked for about each.

    Attributes
    ----------
    service : Service
        Answers.
    serving : Serving
        The model version.
    query : Query
        What is asked for.
    """

    service: Service
    serving: Serving
    query: Query

    @classmethod
    def asked(cls, service: Service, said: Mapping[str, Any]) -> Self:
        """Return what is asked of the version that serves, as requests say it.

        Raises
        ------
        QueryError, NoChampion
            Nothing can be answered so.
        """
        return cls(service, service.current.serving, service.reader.said(said))

    @property
    def version(self) -> str:
        """The model version that answers."""
        return self.serving.answering.version

    @property
    def known(self) -> Any:
        """All users that the model version knows."""
        return self.serving.answering.bundle.interactions.users

    def wanted(self, wish: AudienceBody) -> AudienceQuery:
        """Return the audience asked for.

        Raises
        ------
        QueryError
            The model has no such segment, or not what the rule looks at.
        """
        service = self.service
        arms = service.config.channels.arms
        return audience.read(wish, self.serving.answering, service.desk.cohorts, arms)

    def answers(self, user_ids: Sequence[str]) -> Sequence[UserAnswer]:
        """Return all three answers about users."""
        desk, at = self.service.desk, self.service.clock()
        return everything_of(desk, self.serving, user_ids, self.query, at=at)

    def answered(self, user_ids: Iterable[str]) -> Iterator[UserAnswer]:
        """Yield all three answers about each of many users."""
        users = iter(user_ids)
        while chunk := list(islice(users, CHUNK)):
            yield from self.answers(chunk)

    def worth(self, user_ids: Sequence[str]) -> Mapping[str, float]:
        """Return the money expected of users within ``WORTH_DAYS``, where there is a forecast."""
        at, found = self.service.clock(), {}
        for user_id in user_ids:
            person, _ = self.service.desk.person(self.serving, user_id, self.query, at=at)
            value = worth(self.serving, person)
            for expected in value.expected if value else ():
                if expected.days == WORTH_DAYS:
                    found[user_id] = round(expected.value, 2)
        return found

    def chosen(
        self, ids: Iterable[str], wanted: AudienceQuery | None, *, channel: str
    ) -> Iterable[str]:
        """Return the users who are wanted, or granted a channel, or all; consents as of now."""
        if wanted is not None:
            return self._members(ids, wanted)
        return self._granted(ids, channel) if channel else ids

    def looked_at(self, ids: Iterable[str], wanted: AudienceQuery) -> Iterator[Looked]:
        """Yield users in chunks, with whether they are wanted."""
        desk, at = self.service.desk, self.service.clock()
        return audience.looked_at(desk, self.serving, wanted, ids, query=self.query, at=at)

    def _granted(self, ids: Iterable[str], channel: str) -> Iterator[str]:
        desk, at = self.service.desk, self.service.clock()
        return audience.granted(desk, self.serving, channel, ids, query=self.query, at=at)

    def _members(self, ids: Iterable[str], wanted: AudienceQuery) -> Iterator[str]:
        for looked in self.looked_at(ids, wanted):
            for row in audience.members(looked, wanted):
                yield str(row["user_id"])


def target(selection: Selection, tool: str) -> ToolTarget:
    """Return a tool that is written to.

    Raises
    ------
    BadQuery
        It takes nothing back, or knows people by addresses that are not kept.
    """
    from recsys.connectors.registry import tools

    service = selection.service
    known = tools(service.config.data.connectors)
    outs = {name: one.out for name, one in known.items() if one.out is not None}
    out = outs.get(tool)
    if out is None:
        raise BadQuery("for", tool, ", ".join(outs))
    if out.key_is == "user_id":
        return ToolTarget(tool, out, lambda _: {}, selection.worth)
    if not keeps_addresses(service):
        raise BadQuery("for", tool, f"a tool that knows people by user id; or {KEPT}")
    return ToolTarget(tool, out, partial(addresses, service), selection.worth)


def keeps_addresses(service: Service) -> bool:
    """Return whether addresses of people are kept, sealed."""
    config = service.config
    return bool(config.storage.encryption_keys) and EMAIL in config.privacy.kept_traits


def addresses(service: Service, user_ids: Sequence[str]) -> Mapping[str, str]:
    """Return the addresses of users, of those of whom one is kept.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    keys = vault.of(service.config.storage.encryption_keys)
    return {} if keys is None else sensitive.opened(service.log.database, keys, EMAIL, user_ids)
