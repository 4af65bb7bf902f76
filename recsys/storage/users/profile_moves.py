"""What two ids said of one person, brought together at a merge and parted again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from recsys.storage.database.interface import Writing

_ZONE = "\0timezone"
_PUT = """
INSERT INTO users (user_id, traits, timezone, anonymous) VALUES (?, ?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET traits = excluded.traits, timezone = excluded.timezone
"""


def move(writing: Writing, previous: str, user: str) -> str:
    """Give a user what it lacks of the traits of an id that becomes it.

    Returns
    -------
    str
        JSON object of what :func:`give_back` needs: what that id had, and what of it was given.
    """
    found = writing.execute("SELECT anonymous FROM users WHERE user_id = ?", (previous,)).fetchone()
    had, theirs = _profile(writing, previous), _profile(writing, user)
    given = sorted(had.keys() - theirs.keys())
    if found is not None:
        _put(writing, user, {**had, **theirs}, anonymous=False)
        writing.execute("DELETE FROM users WHERE user_id = ?", (previous,))
    anonymous = None if found is None else bool(found[0])
    return json.dumps({"had": had, "given": given, "anonymous": anonymous}, sort_keys=True)


def give_back(writing: Writing, previous: str, above: Sequence[str]) -> None:
    """Give an id what it had, and take from all that it was merged into what they had from it.

    What was said otherwise since stays. `above` is whom it was merged into, whom that, and so on.
    """
    moved = _moved(writing, previous)
    lost = {name: moved["had"][name] for name in moved["given"]}
    for former in above[:-1]:
        kept = _moved(writing, former)
        had = _without(kept["had"], lost)
        writing.execute(
            "UPDATE aliases SET profile = ? WHERE previous_id = ?",
            (json.dumps({**kept, "had": had, "given": [g for g in kept["given"] if g in had]},
                        sort_keys=True), former),
        )  # fmt: skip
        lost = {name: value for name, value in lost.items() if name in kept["given"]}
    if lost:
        _put(writing, above[-1], _without(_profile(writing, above[-1]), lost), anonymous=False)
    if moved["anonymous"] is not None:
        _put(writing, previous, moved["had"], anonymous=moved["anonymous"])


def _profile(writing: Writing, user_id: str) -> dict[str, str]:
    found = writing.execute("SELECT traits, timezone FROM users WHERE user_id = ?", (user_id,))
    traits, zone = found.fetchone() or ("{}", "")
    return {**json.loads(traits), **({_ZONE: zone} if zone else {})}


def _put(writing: Writing, user_id: str, profile: Mapping[str, str], *, anonymous: bool) -> None:
    traits = {name: value for name, value in profile.items() if name != _ZONE}
    text = json.dumps(traits, sort_keys=True, ensure_ascii=False)
    writing.execute(_PUT, (user_id, text, profile.get(_ZONE, ""), anonymous))


def _moved(writing: Writing, former: str) -> dict[str, Any]:
    found = writing.execute("SELECT profile FROM aliases WHERE previous_id = ?", (former,))
    moved: dict[str, Any] = json.loads(found.fetchone()[0])
    return moved


def _without(profile: Mapping[str, str], lost: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in profile.items() if lost.get(name) != value}
