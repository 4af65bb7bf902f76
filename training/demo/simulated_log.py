"""Putting the simulated messages into the stores, next to the real interactions."""

from __future__ import annotations

from recsys.config import Config
from recsys.storage.events.log import EventLog
from recsys.storage.users.consents import Consents
from training.demo.messages import SOURCE, simulate
from training.load import load


def put(config: Config, log: EventLog, *, now: int) -> int:
    """Invent messages and consents for everybody in the log; return how many events were new."""
    data = load(log, config)
    simulated = simulate(
        data.interactions, data.trait, timezone=config.data.timezone, seed=config.training.seed
    )
    Consents(log.database).record(simulated.consents)
    return log.append_columns(simulated.events, now=now, source=SOURCE)
