"""What messages that fail, are left or are clicked in haste mean for channels and for the log.

A channel that somebody unsubscribes from, calls spam or is not reached by is denied from then on;
a click that nobody could have made so soon is a machine's.
"""

from __future__ import annotations

from recsys.data.kinds import MESSAGE_FAILED, MESSAGE_RESPONDED, MESSAGE_SENT, MESSAGE_UNSUBSCRIBED
from recsys.data.times import DAY, SECOND
from recsys.storage.database.interface import Writing
from recsys.storage.users import consents
from recsys.storage.users.consents import Consent, words_of

MOST_FAILURES = 5
"""So many messages that did not arrive within ``FAILURE_DAYS`` deny their channel."""

FAILURE_DAYS = 30

HASTE = 10 * SECOND
"""Nobody reads a mail and clicks sooner after it was delivered: a scanner does."""

KINDS = frozenset({MESSAGE_FAILED, MESSAGE_RESPONDED, MESSAGE_SENT, MESSAGE_UNSUBSCRIBED})
"""What has to be logged for anything to be looked at."""

BASIS = "soft bounces"
_MINUTE = 60 * SECOND

_LEFT = f"""
SELECT sent_as, 'marketing', said, 'denied', at, '', kind FROM (
    SELECT seq, sent_as, at, kind, coalesce(
        channel,
        (SELECT max(sent.channel) FROM events AS sent
         WHERE sent.event_id = events.ref AND sent.user_id = events.user_id),
        (SELECT action FROM decisions
         WHERE decisions.user_id = events.user_id AND decision_id = events.ref)
    ) AS said FROM events
    WHERE seq > ?1 AND kind = '{MESSAGE_UNSUBSCRIBED}' AND NOT simulated
) AS left_by
WHERE said IS NOT NULL AND said <> 'none' ORDER BY seq
"""  # noqa: S608 - names from the code

_FAILING = f"""
WITH failed AS (
    SELECT user_id, sent_as, at, coalesce(channel,
        (SELECT max(sent.channel) FROM events AS sent
         WHERE sent.event_id = events.ref AND sent.user_id = events.user_id)) AS said
    FROM events
    WHERE kind = '{MESSAGE_FAILED}' AND NOT simulated AND user_id IN
        (SELECT user_id FROM events WHERE seq > ?1 AND kind = '{MESSAGE_FAILED}')
), since AS (
    SELECT failed.*, (SELECT coalesce(max(at), 0) FROM {words_of("failed.user_id")}
        AND purpose = 'marketing'
        AND consents.channel = said AND state = 'granted' AND consents.at <= failed.at) AS granted
    FROM failed WHERE said IS NOT NULL
), counted AS (
    SELECT since.*, count(*) OVER (PARTITION BY user_id, said, granted ORDER BY at
        RANGE BETWEEN {FAILURE_DAYS * DAY - 1} PRECEDING AND CURRENT ROW) AS failures
    FROM since
)
SELECT min(sent_as), 'marketing', said, 'denied', min(at), '{BASIS}', '{MESSAGE_FAILED}'
FROM counted
WHERE failures >= {MOST_FAILURES} AND NOT EXISTS (
    SELECT 1 FROM {words_of("counted.user_id")} AND purpose = 'marketing'
    AND consents.channel = counted.said AND state = 'denied'
    AND consents.at >= counted.granted AND consents.at <= counted.at
)
GROUP BY user_id, said
"""  # noqa: S608 - names from the code

# Files that know no seconds say the same minute of both: that is no haste.
_TELL = f"""
UPDATE events SET machine = TRUE
WHERE kind IN ('message_responded', 'message_opened') AND kind = '{MESSAGE_RESPONDED}'
AND NOT machine AND NOT simulated AND ref IS NOT NULL AND user_id IN (
    SELECT user_id FROM events AS new
    WHERE new.seq > ?1 AND new.kind IN ('{MESSAGE_RESPONDED}', '{MESSAGE_SENT}')
) AND EXISTS (
    SELECT 1 FROM events AS sent WHERE sent.event_id = events.ref
    AND sent.user_id = events.user_id AND sent.kind = '{MESSAGE_SENT}' AND sent.channel = 'email'
    AND events.at >= sent.at AND events.at < sent.at + {HASTE}
    AND NOT (events.at % {_MINUTE} = 0 AND sent.at % {_MINUTE} = 0)
)
"""  # noqa: S608 - names from the code


def learn(writing: Writing, *, after: int) -> None:
    """Write down what events logged after a ``seq`` mean.

    Whoever unsubscribes denies a channel: that of the event, else of the message or decision that
    it names; without any nothing is denied. A machine's word counts here: better one message too
    few. A channel is denied too from the ``MOST_FAILURES``-th failure in ``FAILURE_DAYS`` on,
    counted since the user last granted it. What is simulated denies nothing.

    A click on an e-mail within ``HASTE`` of its delivery, whichever of the two arrived first, is a
    machine's: it stays in the log, and nothing is learnt from it.
    """
    for denied in (_LEFT, _FAILING):
        if found := writing.execute(denied, (after,)).fetchall():
            consents.write(writing, [Consent(*line) for line in found])
    writing.execute(_TELL, (after,))
