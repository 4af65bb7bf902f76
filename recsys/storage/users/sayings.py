"""What a row of a tool says of its person, kept: traits, consents, outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from recsys.config import Config
from recsys.data.times import DAY
from recsys.storage.database.interface import Database
from recsys.storage.users import statements
from recsys.storage.users.aliases import became
from recsys.storage.users.consents import MARKETING, PROFILING, Consent, Consents
from recsys.storage.users.profiles import Profiles
from recsys.storage.users.statements import TRAIT, Statement


@dataclass(frozen=True, slots=True)
class Saying:
    """Of whom, when (microseconds since the epoch; None: not said), and what: a JSON object."""

    user_id: str
    at: int | None
    said: str


@dataclass(frozen=True, slots=True)
class Kept:
    """How many traits, consents and outcomes are new."""

    traits: int = 0
    consents: int = 0
    outcomes: int = 0


def keep(
    database: Database,
    config: Config,
    sayings: Iterable[Saying],
    *,
    source: str,
    now: int,
    live: bool = False,
) -> Kept:
    """Keep what rows of a source say of their people; again, it changes nothing.

    Traits that the configuration does not name are not kept; sensitive ones are sealed, and have
    no source. Consents to channels that are none of ours are not kept.

    Parameters
    ----------
    database : Database
        The store.
    config : Config
        Which traits and channels there are, and what seals.
    sayings : iterable of Saying
        In the order of the file.
    source : str
        The tool and the kind of its file.
    now : int
        Microseconds since the epoch, for what says no time.
    live : bool
        Whether outcomes are known of only now, and not since they were: those of a file are taken
        as known at their time, and so is what comes more than ``data.late_days`` later.

    Raises
    ------
    StoreUnavailable
        What comes later in the list was not kept.
    """
    given = [(one, orjson.loads(one.said)) for one in sayings]
    ledger = [line for one, said in given for line in _consents(one, said, config, source)]
    consents = _record(database, ledger, now=now)
    late = config.data.late_days * DAY if live else 0
    outcomes = statements.put(
        database, [line for one, said in given for line in _outcomes(one, said, source, now, late)]
    )
    return Kept(_traits(database, config, given, source=source, now=now), consents, outcomes)


def _traits(
    database: Database,
    config: Config,
    given: list[tuple[Saying, Any]],
    *,
    source: str,
    now: int,
) -> int:
    kept = {config.segments.trait, *config.privacy.kept_traits}
    secret = kept & set(config.privacy.sensitive_traits)
    profiles, said = Profiles.of(database, config), []
    for one, facts in given:
        traits = {name: value for name, value in facts["traits"].items() if value and name in kept}
        if sealed := {name: traits.pop(name) for name in secret & traits.keys()}:
            profiles.put_users([(one.user_id, sealed, "")])
        at = now if one.at is None else one.at
        said += [
            Statement(one.user_id, TRAIT, name, value, source, "", at)
            for name, value in traits.items()
        ]
    changed = statements.put(database, said)
    if not changed:
        return 0
    users = {one.user_id for one in said}
    owners = became(database, users)
    newest = statements.newest_traits(database, {owners.get(one, one) for one in users})
    profiles.put_users((user, traits, "") for user, traits in newest.items())
    return changed


def _consents(
    one: Saying, said: Mapping[str, Any], config: Config, source: str
) -> Iterator[tuple[Consent, bool]]:
    """Yield lines of the ledger, and whether each says when."""
    for line in said["consents"]:
        channel, purpose = line["channel"], MARKETING
        if channel == PROFILING:
            channel, purpose = "", PROFILING
        elif channel not in config.channels.arms:
            continue
        at = -1 if one.at is None else one.at
        consent = Consent(one.user_id, purpose, channel, line["state"], at, line["basis"], source)
        yield consent, one.at is not None


def _record(database: Database, lines: list[tuple[Consent, bool]], *, now: int) -> int:
    ledger = Consents(database)
    dated = [consent for consent, when in lines if when]
    return ledger.record(dated) + ledger.record(
        Consent(c.user_id, c.purpose, c.channel, c.state, now, c.basis, c.source)
        for c, when in lines
        if not when and not ledger.holds(c)
    )


def _outcomes(
    one: Saying, said: Mapping[str, Any], source: str, now: int, late: float
) -> Iterator[Statement]:
    at = now if one.at is None else one.at
    known_at = now if 0 < now - at <= late else None
    for line in said["outcomes"]:
        value = f"{line['value']:g}"
        yield Statement(one.user_id, line["name"], "", value, source, line["ref"], at, known_at)
