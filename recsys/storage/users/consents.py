"""What users consented to: a ledger, in which the latest line holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PROFILING = "profiling"

MARKETING = "marketing"

GRANTED = "granted"

DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Consent:
    """One line of the ledger.

    Attributes
    ----------
    user_id : str
        Whose.
    purpose : str
        ``profiling`` or ``marketing``.
    channel : str
        Of marketing; empty for profiling.
    state : str
        ``granted`` or ``denied``.
    at : int
        When it was said, microseconds since the epoch.
    basis, source : str
        On what ground, and where it was said.
    text_version : str
        Of the text that was agreed to.
    """

    user_id: str
    purpose: str
    channel: str
    state: str
    at: int
    basis: str = ""
    source: str = ""
    text_version: str = ""


_RECORD = """
INSERT INTO consents (user_id, purpose, channel, state, at, basis, source, text_version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (user_id, purpose, channel, at, state) DO NOTHING
"""


def holding(ledger: Iterable[Consent]) -> dict[tuple[str, str], bool]:
    """Return whether each (purpose, channel) is granted, of a ledger in the order of arrival."""
    return latest((c.purpose, c.channel, c.state, c.at, seq) for seq, c in enumerate(ledger))


def latest(lines: Iterable[tuple[str, str, str, int, int]]) -> dict[tuple[str, str], bool]:
    """Return whether the last of (purpose, channel, state, at, seq) lines grants, by the first two.

    Of two words at the same instant the one that arrived later counts.
    """
    in_order = sorted(lines, key=lambda line: line[3:])
    return {(purpose, channel): state == GRANTED for purpose, channel, state, _, _ in in_order}
