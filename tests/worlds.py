"""A small synthetic shop with a known truth: three tastes, who likes what, who may be asked."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from recsys.bundle import Bundle, Manifest
from recsys.config import Config, parse
from recsys.data.times import DAY, HOUR, micros
from recsys.ladder import Question, RungName, Verdict
from recsys.storage.database.open import open_database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.models.store import ModelStore
from recsys.storage.users.consents import Consent, Consents
from recsys.storage.users.profiles import ItemFacts, Profiles
from training import channel, churn, items, segments, value
from training.channel.fit import ChannelChoiceParams
from training.channel.hours import Served
from training.data import TrainingData
from training.items.choice import ItemChoice
from training.load import load

END = micros(datetime(2026, 1, 1, tzinfo=UTC))
DAYS = 240
TASTES = 3
ITEMS = tuple(f"i{number:02}" for number in range(40))
GONE = "i39"
SLASH, EMOJI, DENIED, ONCE = "team/a", "émile ☕", "denied", "once"
USERS = (*(f"u{number:02}" for number in range(60)), SLASH, EMOJI, DENIED)
ABOVE = (RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER)


@dataclass(frozen=True, slots=True)
class World:
    """A folder with an event log and a model store, and the configuration that points to it."""

    folder: Path
    config: Config
    version: str

    def copy(self, folder: Path) -> World:
        """Return this world in a folder of its own."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return World(folder, configured(folder), self.version)

    def on(self, url: str) -> World:
        """Return this world with its log in another store."""
        storage = self.config.storage.model_copy(update={"url": url})
        return replace(self, config=self.config.model_copy(update={"storage": storage}))


def configured(folder: Path, **serving: object) -> Config:
    """Return the configuration of a world in `folder`."""
    return parse(
        {
            "storage": {
                "url": f"sqlite:///{folder}/events.db",
                "models_dir": str(folder / "models"),
            },
            "churn": {"horizon_days": 28},
            "serving": {"poll_seconds": 0.05, "max_body_bytes": 100_000, **serving},
        },
        {},
    )


ARMS = ("email", "push", "sms")
EVERY_HOUR = ChannelChoiceParams(hours=Served(by_channel=ARMS, by_person=ARMS))


def taste(user: int) -> int:
    """Return which third of the items a user likes."""
    return user % TASTES


def build(folder: Path, *, seed: int = 1) -> World:
    """Fill an event log, train on it and promote what came out, with all rungs shipped."""
    config = configured(folder)
    log = EventLog(open_database(config.storage.url))
    _fill(log, np.random.default_rng(seed))
    version = train(config, log)
    log.database.close()
    return World(folder, config, version)


def train(config: Config, log: EventLog, *, items_by: ItemChoice | None = None) -> str:
    """Fit what is in the log, register and promote it, and return its version."""
    data = load(log, config).as_known_now()
    at = data.interactions.end
    table = segments.fit_table(data, config, at=at)
    chosen = replace(churn.define(data.interactions, config), candidate="stumps")
    churn_models = churn.fit(data, table, chosen, config, at=at)
    bundle = Bundle(
        interactions=replace(data.interactions, occasions=None),
        catalogue=data.catalogue,
        segments=table,
        groups=segments.fit(data, table, churn_models, config, at=at).groups,
        items=items.fit(data, table, items_by or ItemChoice(), config, at=at),
        churn=churn_models,
        value=value.fit(data.interactions, config.churn.critical_kind, config, at=at),
        channel=channel.fit(data, table, EVERY_HOUR, config, at=at),
        judged=(),
    )
    store = ModelStore.of(config.storage)
    manifest = _manifest(data, at, bundle, config)
    version = store.register(bundle, manifest, at=END)
    store.promote(version, why="a test", at=END)
    return version


def _manifest(data: TrainingData, at: int, bundle: Bundle, config: Config) -> Manifest:
    shipped = {rung: Verdict(rung, RungName.POPULAR, "none", None, shipped=True, why="a test")
               for rung in ABOVE}  # fmt: skip
    return Manifest(
        data_until=at,
        watermark=data.watermark,
        store=data.store,
        fingerprint="ab" * 32,
        counts={"users": len(bundle.interactions.users)},
        simulated=("messages",),
        config=config.model_dump(mode="json", exclude={"storage", "serving"}),
        choices={},
        verdicts=dict.fromkeys(Question, shipped),
        metrics={},
        libraries={},
    )


def _fill(log: EventLog, rng: np.random.Generator) -> None:
    profiles = Profiles(log.database)
    profiles.put_items(
        ItemFacts(item, f"Item {item[1:]}", price=float(place) + 0.5, available=item != GONE)
        for place, item in enumerate(ITEMS[:-2])
    )
    profiles.put_items([ItemFacts("i38", ""), ItemFacts(GONE, "Gone", available=False)])
    countries = ("France", "Germany")
    profiles.put_users((user, {"country": countries[n % 2]}, "") for n, user in enumerate(USERS))
    Consents(profiles.database).record(
        [
            *(Consent(user, "marketing", "email", "granted", END - DAY) for user in USERS[::2]),
            Consent(DENIED, "profiling", "", "denied", END - DAY),
        ]
    )
    events = [event for n, user in enumerate(USERS) for event in _life(n, user, rng)]
    once = Event("once", ONCE, "purchase", END - 20 * DAY, item_id="i00", value=1.0)
    log.append([*events, once], now=END)


def _life(number: int, user: str, rng: np.random.Generator) -> list[Event]:
    liked = [item for place, item in enumerate(ITEMS) if place % TASTES == taste(number)]
    orders = np.sort(rng.choice(DAYS, size=int(rng.integers(6, 16)), replace=False))
    events = []
    for order in orders.tolist():
        at = END - (DAYS - order) * DAY + int(rng.integers(HOUR))
        for item in rng.choice(liked, size=3, replace=False).tolist():
            kind = "view" if rng.random() < 0.2 else "purchase"
            value = 0.0 if kind == "view" else float(rng.integers(5, 50))
            event_id = f"{user}:{order}:{item}"
            events.append(Event(event_id, user, kind, at, item_id=item, value=value))
        events.extend(_message(user, order, at + 2 * HOUR, rng))
    return events


def _message(user: str, order: int, at: int, rng: np.random.Generator) -> list[Event]:
    channel_name = ("email", "push", "sms")[int(rng.integers(3))]
    sent = f"{user}:{order}:message"
    message = Event(
        sent, user, "message_sent", at, channel=channel_name, pscore=1 / 3, simulated=True
    )
    if rng.random() > 0.2:
        return [message]
    return [
        message,
        Event(f"{sent}:r", user, "message_responded", at + HOUR, channel=channel_name, ref=sent,
              simulated=True),
    ]  # fmt: skip
