"""From outcomes and rows of messages to the signals of users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.data.kinds import MESSAGE_FAILED, MESSAGE_SENT
from recsys.data.signals import MAIL, MAILS, OutcomeRow, Signal, Signals, UserSignals, heard


def signals_of(
    said: Iterable[OutcomeRow],
    messages: Mapping[str, Sequence[Any]],
    known_at: NDArray[np.int64],
    users: IdMap,
) -> Signals | None:
    """Return the signals of users; None where there is none of any of them.

    Parameters
    ----------
    said : iterable of OutcomeRow
        Outcomes, in order of arrival.
    messages : mapping of str to sequence
        ``event_id``, ``user_id``, ``kind``, ``at``, ``channel``, ``ref``, ``simulated`` as the
        event log has them, what machines did left out. E-mails count; what was simulated tells
        nothing of people.
    known_at : int64, shape (n_messages,)
        When each was known of.
    users : IdMap
        What the user rows will mean.
    """
    outcomes = list(heard(said))
    mails = list(_mails(messages, known_at))
    if not outcomes and not mails:
        return None
    told = [signal for _, signal in outcomes]
    told += [signal for _, signal in mails]
    whose = [user for user, _ in (*outcomes, *mails)]
    row = users.rows(whose)
    known = row >= 0
    if not known.any():
        return None
    return Signals.of(row[known], UserSignals.as_given(told).where(known), n_users=len(users))


def _mails(
    messages: Mapping[str, Sequence[Any]], known_at: NDArray[np.int64]
) -> Iterator[tuple[str, Signal]]:
    """Yield what was sent to whom, what they did about it, and which of it did not arrive."""
    names = ("user_id", "kind", "at", "channel", "simulated", "event_id", "ref")
    rows = zip(*(messages[name] for name in names), known_at.tolist(), strict=True)
    # That one failed says of which; its channel it need not say.
    mails = [row for row in rows if row[1] == MESSAGE_FAILED or _is_of_mail(*row[1:5])]
    sent = {(row[0], row[5]): row[2] for row in mails if row[1] == MESSAGE_SENT}
    failed: set[tuple[str, str]] = set()
    for user, kind, at, *_, ref, known in mails:
        message = (user, ref)
        if kind != MESSAGE_FAILED:
            yield user, Signal(kind, at, 0.0, known)
        elif message in sent and message not in failed:
            failed.add(message)
            yield user, Signal(kind, sent[message], 0.0, max(known, sent[message]))


def _is_of_mail(kind: str, _at: int, channel: str | None, simulated: bool) -> bool:  # noqa: FBT001
    return channel == MAIL and kind in MAILS and not simulated
