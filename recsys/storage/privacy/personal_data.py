"""Everything that the store holds on one person, to be handed to that person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recsys.channel.decision import Decision
from recsys.storage.database.interface import Database, Row
from recsys.storage.decisions import exposures, lists, log
from recsys.storage.events.log import COLUMNS
from recsys.storage.experiments import participants
from recsys.storage.privacy.vault import Vault, opened
from recsys.storage.users import statements
from recsys.storage.users.aliases import NOBODY, became
from recsys.storage.users.consents import Consent, Consents
from recsys.storage.users.statements import Statement

Record = Mapping[str, Any]

_EVENTS = f"SELECT {', '.join(COLUMNS)} FROM events WHERE user_id = ? ORDER BY seq"  # noqa: S608
_OF_PERSON = """
user_id = ?1 OR user_id IN (SELECT previous_id FROM aliases WHERE user_id = ?1) ORDER BY seq
"""
_DECISIONS = f"SELECT {log.COLUMNS} FROM decisions WHERE {_OF_PERSON}"  # noqa: S608
_TOLD = lists.COLUMNS.replace(", secret", "")
_LISTS = f"SELECT {_TOLD} FROM lists WHERE {_OF_PERSON}"  # noqa: S608
_EXPOSURES = f"SELECT {exposures.COLUMNS} FROM exposures WHERE {_OF_PERSON}"  # noqa: S608
_PARTICIPANTS = f"SELECT {participants.COLUMNS} FROM participants WHERE {_OF_PERSON}"  # noqa: S608
_FLAGS = ("simulated", "machine", "anonymous", "explored")
_PARSED = ("properties", "features", "answer", "items", "head")


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What is held on a person; all empty where nothing is.

    Attributes
    ----------
    user_id : str
        Under which it is held: who the id asked for became, empty for who was erased.
    former_ids : tuple of str
        Further ids that are the same person.
    traits : mapping of str to str
        What the person said.
    timezone : str
        IANA name; empty where not known.
    events, decisions, lists, exposures, experiments : tuple of mapping
        Rows in order of arrival, times in microseconds since the epoch.
    consents : tuple of Consent
        The whole ledger.
    statements : tuple of Statement
        What tools said of the person.
    """

    user_id: str
    former_ids: tuple[str, ...] = ()
    traits: Mapping[str, str] = field(default_factory=dict)
    timezone: str = ""
    events: tuple[Record, ...] = ()
    consents: tuple[Consent, ...] = ()
    decisions: tuple[Record, ...] = ()
    lists: tuple[Record, ...] = ()
    exposures: tuple[Record, ...] = ()
    experiments: tuple[Record, ...] = ()
    statements: tuple[Statement, ...] = ()


def personal_data(database: Database, user_id: str, *, vault: Vault | None = None) -> PersonalData:
    """Return everything that is held on the person behind an id; `vault` opens what is sealed.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    owner = became(database, {user_id}).get(user_id, user_id)
    if owner == NOBODY:
        return PersonalData(NOBODY)
    profile = database.read("SELECT traits, timezone FROM users WHERE user_id = ?", (owner,))
    traits, timezone = profile[0] if profile else ("{}", "")
    former = database.read(
        "SELECT previous_id FROM aliases WHERE user_id = ? ORDER BY previous_id", (owner,)
    )
    return PersonalData(
        owner,
        tuple(one for (one,) in former),
        opened(json.loads(traits), vault),
        timezone,
        _records(COLUMNS, database.read(_EVENTS, (owner,))),
        Consents(database).everything_of(owner),
        _records(tuple(Decision.__dataclass_fields__), database.read(_DECISIONS, (owner,))),
        _records(tuple(_TOLD.split(", ")), database.read(_LISTS, (owner,))),
        _records(tuple(exposures.COLUMNS.split(", ")), database.read(_EXPOSURES, (owner,))),
        _records(tuple(participants.COLUMNS.split(", ")), database.read(_PARTICIPANTS, (owner,))),
        statements.of(database, owner),
    )


def _records(names: tuple[str, ...], rows: list[Row]) -> tuple[Record, ...]:
    return tuple(
        {name: _value(name, value) for name, value in zip(names, row, strict=True)} for row in rows
    )


def _value(name: str, value: Any) -> Any:
    if name in _FLAGS:
        return bool(value)
    return json.loads(value) if name in _PARSED and value else value
