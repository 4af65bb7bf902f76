"""What was sent to whom, through which channel, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Messages:
    """One row a message, in order of time.

    Attributes
    ----------
    channels : tuple of str
        What the channel numbers mean.
    user_row : int32, shape (n,)
        Row of the receiver in the user id map.
    channel : int8, shape (n,)
        Index into `channels`.
    at : int64, shape (n,)
        When it was sent, microseconds since the epoch.
    local_hour : int8, shape (n,)
        Hour of the receiver's clock at that moment, 0 to 23.
    pscore : float32, shape (n,)
        Probability with which the logging policy chose this channel; NaN where not logged.
    responded : bool, shape (n,)
        Whether a person clicked, visited or bought within the attribution window.
    unsubscribed : bool, shape (n,)
        Whether the message made the receiver leave the channel.
    simulated : bool
        Whether these messages come from a simulation.
    """

    channels: tuple[str, ...]
    user_row: NDArray[np.int32]
    channel: NDArray[np.int8]
    at: NDArray[np.int64]
    local_hour: NDArray[np.int8]
    pscore: NDArray[np.float32]
    responded: NDArray[np.bool_]
    unsubscribed: NDArray[np.bool_]
    simulated: bool

    def __len__(self) -> int:
        return len(self.at)

    def where(self, keep: NDArray[np.bool_]) -> Messages:
        """Return the messages marked in `keep`, bool, shape (n,)."""
        columns = (f.name for f in fields(self) if f.name not in {"channels", "simulated"})
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})

    def before(self, cutoff: int) -> Messages:
        """Return the messages sent strictly before `cutoff`."""
        return self.where(self.at < cutoff)

    def of_channels(self, names: tuple[str, ...]) -> Messages:
        """Return the messages through the channels `names`, numbered in that order."""
        number_of = {name: number for number, name in enumerate(names)}
        numbers = np.array([number_of.get(name, -1) for name in self.channels] or [-1], np.int8)
        channel = numbers[self.channel]
        return replace(self, channels=names, channel=channel).where(channel >= 0)
