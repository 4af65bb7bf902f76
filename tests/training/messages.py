"""A shop that never wrote to anybody."""

from __future__ import annotations

import numpy as np

from recsys.channel.messages import Messages


def no_messages() -> Messages:
    return Messages(
        channels=("email",),
        user_row=np.empty(0, np.int32),
        channel=np.empty(0, np.int8),
        at=np.empty(0, np.int64),
        local_hour=np.empty(0, np.int8),
        pscore=np.empty(0, np.float32),
        responded=np.empty(0, bool),
        unsubscribed=np.empty(0, bool),
        simulated=False,
    )
