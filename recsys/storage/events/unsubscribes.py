"""Who unsubscribes, or calls a message spam, has denied its channel from then on."""

from __future__ import annotations

from recsys.data.kinds import MESSAGE_UNSUBSCRIBED
from recsys.storage.database.interface import Writing

_DENY = f"""
WITH left_by AS (
    SELECT seq, user_id, at, kind, coalesce(
        channel,
        (SELECT max(sent.channel) FROM events AS sent
         WHERE sent.event_id = events.ref AND sent.user_id = events.user_id),
        (SELECT action FROM decisions
         WHERE decisions.user_id = events.user_id AND decision_id = events.ref)
    ) AS said FROM events
    WHERE seq > ? AND kind = '{MESSAGE_UNSUBSCRIBED}' AND NOT simulated
), ids AS (
    SELECT seq, user_id AS one FROM left_by
    UNION SELECT seq, previous_id FROM left_by JOIN aliases ON aliases.user_id = left_by.user_id
)
INSERT INTO consents (user_id, owner, purpose, channel, state, at, basis, source, text_version)
SELECT one, user_id, 'marketing', said, 'denied', at, '', kind, ''
FROM left_by JOIN ids ON ids.seq = left_by.seq
WHERE said IS NOT NULL AND said <> 'none' ORDER BY left_by.seq
ON CONFLICT (user_id, purpose, channel, at, state) DO NOTHING
"""  # noqa: S608 - names from the code


def deny(writing: Writing, *, after: int) -> None:
    """Write into the ledger what was denied by events logged after a ``seq``.

    The channel is that of the event, else of the message or decision that it names; without any
    nothing is denied. A machine's word counts here: better one message too few. What is simulated
    denies nothing.
    """
    writing.execute(_DENY, (after,))
