"""What a training run works on."""

from __future__ import annotations

from pathlib import Path

from recsys.config import parse
from recsys.data.times import DAY
from recsys.storage.database.open import open_database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from training.load import load

LATE = Event("e2", "ben", "purchase", 2 * DAY - 1, item_id="tea", value=1.0)


def test_what_arrived_late_is_known_now_and_was_not_before(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    log = EventLog(database)
    log.append([Event("e1", "ann", "purchase", DAY, item_id="tea", value=1.0)], now=DAY)
    log.append([LATE], now=2 * DAY)
    data = load(log, parse({}, {}))
    database.close()
    end = data.interactions.end
    assert end == 2 * DAY
    assert len(data.interactions.before(end)) == 1
    assert len(data.as_known_now().interactions.before(end)) == 2
