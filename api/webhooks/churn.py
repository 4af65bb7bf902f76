"""Who crosses a band of churn.

Only of who allows profiling, and where the answer is about the person: a rate of everybody that
moves says nothing of anybody. A band is noted in the transaction that keeps what is told of it, so
a crossing is told once, whatever stops in between. Seen for the first time, nobody has crossed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.messages.churn import Churn
from api.model.served import Serving
from api.runtime.clock import system
from api.webhooks import telling
from recsys.errors import StoreUnavailable
from recsys.ladder import RungName
from recsys.storage.webhooks import messages, progress
from recsys.storage.webhooks.endpoints import Endpoint, WebhookKind
from recsys.storage.webhooks.seen import BANDS

if TYPE_CHECKING:
    from api.service import Service

PERSONAL = frozenset({RungName.ONE_TO_ONE, RungName.HYPER})
_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class ChurnBands:
    """The bands of churn, as :class:`api.webhooks.watch.Watcher` looks for them.

    Attributes
    ----------
    service : Service
        Answers.
    """

    service: Service

    name = progress.CHURN
    kinds = frozenset({WebhookKind.CHURN})

    def crossed(self, serving: Serving, users: Sequence[str], to: Sequence[Endpoint]) -> int:
        """Keep in which band users are, and what is told of those who were in another."""
        service, at = self.service, self.service.clock()
        found, strangers = self._looked_at(serving, users, at)
        was = BANDS.of(service.log.database, users)
        gone = [user for user in strangers if user in was]
        now = {user: str(churn.band) for user, churn in found.items()}
        changed = {user: band for user, band in now.items() if was.get(user) != band}
        if not changed and not gone:
            return 0
        version = serving.answering.version
        with service.log.database.writing() as writing:
            BANDS.forget(writing, gone)
            kept = BANDS.put(writing, changed, at=at)
            crossed = sorted(kept & was.keys())
            for user in crossed:
                told = _told(user, was[user], found[user], version)
                message_id = telling.new_id(at)
                messages.put(writing, [
                    telling.message(one, WebhookKind.CHURN, told, at=system(),
                                    message_id=message_id, user_id=user)
                    for one in to
                ])  # fmt: skip
        return len(crossed)

    def _looked_at(
        self, serving: Serving, users: Sequence[str], at: int
    ) -> tuple[Mapping[str, Churn], list[str]]:
        """Return the churn of users of whom something personal is said, and who the others are."""
        desk, query = self.service.desk, self.service.reader.query(b"")
        found, strangers = {}, []
        for user in users:
            person, notes = desk.person(serving, user, query, at=at)
            if notes:
                raise StoreUnavailable("what users did cannot be read now")
            churn = desk.risk(serving, person, query) if person.profiling else None
            if churn is not None and churn.band is not None and churn.rung in PERSONAL:
                found[user] = churn
            else:
                strangers.append(user)
        return found, strangers


def _told(user_id: str, before: str, churn: Churn, version: str) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "from": before,
        "to": str(churn.band),
        **{name: getattr(churn, name) for name in ("p", "low", "high", "score", "horizon_days")},
        "rung": str(churn.rung),
        "reasons": [reason.words for reason in churn.reasons[:_MOST_REASONS]],
        "why": [reason.why for reason in churn.reasons[:_MOST_REASONS] if reason.why],
        "model_version": version,
    }
