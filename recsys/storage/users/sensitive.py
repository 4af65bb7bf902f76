"""Sensitive traits of users: sealed before they are written, found by a keyed hash, sealed anew."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from recsys.storage.database.interface import Database, Writing, of_keys
from recsys.storage.privacy.vault import SEALED, Vault
from recsys.storage.users.aliases import NOBODY, known_as

_FIND = "SELECT DISTINCT user_id FROM lookups WHERE hmac IN ({marks})"
_NOTE = """
INSERT INTO lookups (user_id, name, hmac) VALUES (?, ?, ?)
ON CONFLICT (user_id, name) DO UPDATE SET hmac = excluded.hmac
"""
_BATCH = 1_000


def note(writing: Writing, user_id: str, traits: Mapping[str, str], vault: Vault) -> None:
    """Note by what the sensitive traits of a user are found."""
    for name, value in traits.items():
        writing.execute(_NOTE, (user_id, name, vault.lookup(name, value)))


def find(database: Database, vault: Vault, name: str, value: str) -> list[str]:
    """Return who has a value of a sensitive trait, in order; ids that were merged since, as owners.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    hashes = vault.lookups(name, value)
    with database.writing() as writing:
        rows = writing.execute(_FIND.format(marks=", ".join("?" * len(hashes))), hashes).fetchall()
        found = {user for (user,) in rows}
        owners = known_as(writing, found)
    return sorted({owners.get(user, user) for user in found} - {NOBODY})


def opened(database: Database, vault: Vault, name: str, user_ids: Sequence[str]) -> dict[str, str]:
    """Return the value of a sensitive trait of users, of those of whom it is known.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    found = {}
    statement = "SELECT user_id, traits FROM users WHERE user_id IN ({keys})"
    for user, traits in of_keys(database.read, statement, user_ids):
        sealed = json.loads(traits).get(name, "")
        value = vault.open(sealed) if sealed.startswith(SEALED) else None
        if value:
            found[user] = value
    return found


def rotate(database: Database, vault: Vault) -> int:
    """Seal everything anew by the first key, and return how many values that were.

    Where it stops, it can begin again: what is sealed already by that key stays readable.

    Raises
    ------
    StoreUnavailable
        What was done so far stays done.
    """
    count, after = 0, ""
    while users := database.read(
        "SELECT user_id FROM users WHERE user_id > ? ORDER BY user_id LIMIT ?", (after, _BATCH)
    ):
        with database.writing() as writing:
            count += sum(_resealed_user(writing, user, vault) for (user,) in users)
        after = users[-1][0]
    former = database.read("SELECT previous_id FROM aliases WHERE profile LIKE ?", (f"%{SEALED}%",))
    with database.writing() as writing:
        return count + sum(_resealed_former(writing, one, vault) for (one,) in former)


def _resealed_user(writing: Writing, user_id: str, vault: Vault) -> int:
    found = writing.execute("SELECT traits FROM users WHERE user_id = ?", (user_id,)).fetchone()
    traits, said = _resealed(json.loads(found[0]) if found else {}, vault)
    if said:
        text = json.dumps(traits, sort_keys=True, ensure_ascii=False)
        writing.execute("UPDATE users SET traits = ? WHERE user_id = ?", (text, user_id))
        note(writing, user_id, said, vault)
    return len(said)


def _resealed_former(writing: Writing, previous_id: str, vault: Vault) -> int:
    found = writing.execute("SELECT profile FROM aliases WHERE previous_id = ?", (previous_id,))
    profile = json.loads(found.fetchone()[0])
    profile["had"], said = _resealed(profile["had"], vault)
    text = json.dumps(profile, sort_keys=True)
    writing.execute("UPDATE aliases SET profile = ? WHERE previous_id = ?", (text, previous_id))
    note(writing, previous_id, said, vault)
    return len(said)


def _resealed(traits: Mapping[str, str], vault: Vault) -> tuple[dict[str, str], dict[str, str]]:
    said = {
        name: opened
        for name, value in traits.items()
        if value.startswith(SEALED) and (opened := vault.open(value)) is not None
    }
    return {**traits, **{name: vault.seal(value) for name, value in said.items()}}, said
