"""From outcomes and rows of messages to the signals of users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
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
        ``user_id``, ``kind``, ``at``, ``channel``, ``simulated`` as the event log has them, what
        machines did left out. E-mails count; what was simulated tells nothing of people.
    known_at : int64, shape (n_messages,)
        When each was known of.
    users : IdMap
        What the user rows will mean.
    """
    outcomes = list(heard(said))
    mails = [
        place
        for place, (channel, kind, simulated) in enumerate(
            zip(messages["channel"], messages["kind"], messages["simulated"], strict=True)
        )
        if channel == MAIL and kind in MAILS and not simulated
    ]
    if not outcomes and not mails:
        return None
    told = [signal for _, signal in outcomes]
    told += [Signal(messages["kind"][n], messages["at"][n], 0.0, int(known_at[n])) for n in mails]
    whose = [*(user for user, _ in outcomes), *(messages["user_id"][n] for n in mails)]
    row = users.rows(whose)
    known = row >= 0
    if not known.any():
        return None
    return Signals.of(row[known], UserSignals.as_given(told).where(known), n_users=len(users))
