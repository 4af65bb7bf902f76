"""Who enters an audience, and who leaves one: the cohorts that the configuration names.

Only of who allows profiling. A standing is noted in the transaction that keeps what is told of it,
so it is told once, whatever stops in between. Whoever is seen for the first time, or with an
audience for the first time, has entered and left nothing; nor has who withdraws profiling.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.model.served import Serving
from api.runtime.clock import system
from api.webhooks import telling
from recsys.audience import COHORT
from recsys.errors import StoreUnavailable
from recsys.storage.webhooks import messages, progress
from recsys.storage.webhooks.endpoints import Endpoint, WebhookKind
from recsys.storage.webhooks.seen import AUDIENCES

if TYPE_CHECKING:
    from api.service import Service

Standing = Mapping[str, bool]
"""Of each audience that was there to be in, whether the user was in it."""


@dataclass(frozen=True, slots=True)
class Audiences:
    """The audiences, as :class:`api.webhooks.watch.Watcher` looks for who is in them.

    Attributes
    ----------
    service : Service
        Answers.
    """

    service: Service

    name = progress.AUDIENCES
    kinds = frozenset({WebhookKind.ENTERED, WebhookKind.LEFT})

    def crossed(self, serving: Serving, users: Sequence[str], to: Sequence[Endpoint]) -> int:
        """Keep in which audiences users are, and tell what they entered and left."""
        service, at = self.service, self.service.clock()
        if not service.desk.cohorts:
            return 0
        now = self._looked_at(serving, users, at)
        seen = AUDIENCES.of(service.log.database, users)
        was: dict[str, Standing] = {user: json.loads(said) for user, said in seen.items()}
        gone = [user for user in was if user not in now]
        changed = {
            user: json.dumps(standing, sort_keys=True)
            for user, standing in now.items()
            if was.get(user) != standing
        }
        if not changed and not gone:
            return 0
        with service.log.database.writing() as writing:
            AUDIENCES.forget(writing, gone)
            kept = AUDIENCES.put(writing, changed, at=at)
            crossed = sorted(user for user in kept if user in was)
            found = [(user, *one) for user in crossed for one in _moves(was[user], now[user])]
            for user, kind, name in found:
                told = {"user_id": user, "audience": f"{COHORT}{name}",
                        "model_version": serving.answering.version}  # fmt: skip
                message_id = telling.new_id(at)
                messages.put(writing, [
                    telling.message(one, kind, told, at=system(), message_id=message_id,
                                    user_id=user)
                    for one in to if kind in one.kinds
                ])  # fmt: skip
        return len({user for user, *_ in found})

    def _looked_at(self, serving: Serving, users: Sequence[str], at: int) -> dict[str, Standing]:
        """Return the standing of each user who allows profiling."""
        desk, query = self.service.desk, self.service.reader.query(b"")
        people = []
        for user in users:
            person, notes = desk.person(serving, user, query, at=at)
            if notes:
                raise StoreUnavailable("what users did cannot be read now")
            people.append(person)
        audience = desk.audience(serving, people, at=at)
        inside = {name: audience.decide(rule).inside for name, rule in desk.cohorts.items()}
        return {
            user: {name: bool(there[place]) for name, there in inside.items()}
            for place, (user, person) in enumerate(zip(users, people, strict=True))
            if person.profiling
        }


def _moves(before: Standing, after: Standing) -> Iterator[tuple[WebhookKind, str]]:
    for name, inside in sorted(after.items()):
        if before.get(name, inside) != inside:
            yield (WebhookKind.ENTERED if inside else WebhookKind.LEFT), name
