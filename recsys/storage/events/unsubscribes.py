"""Who unsubscribes, or calls a message spam, has denied its channel from then on."""

from __future__ import annotations

from recsys.data.kinds import MESSAGE_UNSUBSCRIBED
from recsys.storage.database.interface import Writing
from recsys.storage.users import consents
from recsys.storage.users.consents import Consent

_LEFT = f"""
SELECT sent_as, 'marketing', said, 'denied', at, '', kind FROM (
    SELECT seq, sent_as, at, kind, coalesce(
        channel,
        (SELECT max(sent.channel) FROM events AS sent
         WHERE sent.event_id = events.ref AND sent.user_id = events.user_id),
        (SELECT action FROM decisions
         WHERE decisions.user_id = events.user_id AND decision_id = events.ref)
    ) AS said FROM events
    WHERE seq > ? AND kind = '{MESSAGE_UNSUBSCRIBED}' AND NOT simulated
) AS left_by
WHERE said IS NOT NULL AND said <> 'none' ORDER BY seq
"""  # noqa: S608 - names from the code


def deny(writing: Writing, *, after: int) -> None:
    """Write into the ledger what was denied by events logged after a ``seq``.

    The channel is that of the event, else of the message or decision that it names; without any
    nothing is denied. A machine's word counts here: better one message too few. What is simulated
    denies nothing.
    """
    if left := writing.execute(_LEFT, (after,)).fetchall():
        consents.write(writing, [Consent(*line) for line in left])
