"""Who unsubscribes, or calls a message spam, has denied its channel from then on."""

from __future__ import annotations

from recsys.data.kinds import MESSAGE_UNSUBSCRIBED
from recsys.storage.database.interface import Writing

_DENY = f"""
INSERT INTO consents (user_id, sent_as, purpose, channel, state, at, basis, source, text_version)
SELECT user_id, sent_as, 'marketing', said, 'denied', at, '', kind, '' FROM (
    SELECT seq, user_id, sent_as, at, kind, coalesce(
        channel,
        (SELECT max(sent.channel) FROM events AS sent
         WHERE sent.event_id = events.ref AND sent.user_id = events.user_id),
        (SELECT action FROM decisions
         WHERE decisions.user_id = events.user_id AND decision_id = events.ref)
    ) AS said FROM events
    WHERE seq > ? AND kind = '{MESSAGE_UNSUBSCRIBED}' AND NOT simulated
) AS left_by
WHERE said IS NOT NULL AND said <> 'none' ORDER BY seq
ON CONFLICT (user_id, purpose, channel, at, state) DO NOTHING
"""  # noqa: S608 - names from the code


def deny(writing: Writing, *, after: int) -> None:
    """Write into the ledger what was denied by events logged after a ``seq``.

    The channel is that of the event, else of the message or decision that it names; without any
    nothing is denied. A machine's word counts here: better one message too few. What is simulated
    denies nothing.
    """
    writing.execute(_DENY, (after,))
