"""Participants and purchases that several tests use."""

from __future__ import annotations

from typing import Any

from recsys.data.times import DAY
from recsys.storage.events.event import Event
from recsys.storage.experiments.participants import Participant

START = 20_000 * DAY


def part(user: str, variant: str, at: int = START, **more: Any) -> Participant:
    """Return that somebody took part in the first version of `home-test`."""
    about: dict[str, Any] = {
        "experiment_id": "home-test",
        "version": 1,
        "period": 0,
        "placement": "home",
        "list_id": "",
        "rung": "one_to_one",
        "segment": "",
        "pscore": 0.5,
    }
    return Participant(user_id=user, variant=variant, at=at, **{**about, **more})


def bought(user: str, at: int, value: float = 1.0, kind: str = "purchase") -> Event:
    """Return a purchase."""
    return Event(f"{user}{at}{kind}", user, kind, at, item_id="tea", value=value)
