"""Addresses that are called, what each is told, and the secrets that sign for it, sealed."""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from recsys.data.times import DAY
from recsys.errors import UnknownWebhook
from recsys.storage.database.interface import Database, Row, Writing
from recsys.storage.privacy.vault import Vault

PREFIX = "whsec_"
OLD_SIGNS = DAY
"""So long a secret signs too after another took its place."""

_BYTES = 32
_MIN_BYTES, _MAX_BYTES = 24, 64


class WebhookKind(StrEnum):
    """What is told."""

    CHURN = "churn.band_changed"
    EXPORT = "export.ended"
    ENTERED = "audience.entered"
    LEFT = "audience.left"
    PING = "ping"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that is called.

    Attributes
    ----------
    webhook_id : str
        Its name.
    url : str
        Where.
    kinds : tuple of Kind
        What it is told.
    off : str
        Why it is not called; empty: it is.
    created_at : int
        Microseconds since the epoch.
    """

    webhook_id: str
    url: str
    kinds: tuple[WebhookKind, ...]
    off: str
    created_at: int


_COLUMNS = "webhook_id, url, kinds, off, created_at"
_PUT = """
INSERT INTO webhooks (webhook_id, url, kinds, secrets, off, created_at) VALUES (?, ?, ?, ?, '', ?)
"""


def new_secret() -> str:
    """Return a fresh secret."""
    return PREFIX + b64encode(secrets.token_bytes(_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Return whether a text is a secret as Standard Webhooks has them."""
    try:
        size = len(b64decode(text.removeprefix(PREFIX), validate=True))
    except ValueError:
        return False
    return text.startswith(PREFIX) and _MIN_BYTES <= size <= _MAX_BYTES


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses in an open store.

    Attributes
    ----------
    database : Database
        Where they are kept.
    vault : Vault or None
        Seals secrets; None: there can be no address.
    """

    database: Database
    vault: Vault | None

    def every(self) -> list[Endpoint]:
        """Return all, oldest first.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        rows = self.database.read(f"SELECT {_COLUMNS} FROM webhooks ORDER BY seq")  # noqa: S608
        return [_endpoint(row) for row in rows]

    def get(self, webhook_id: str) -> Endpoint:
        """Return one.

        Raises
        ------
        UnknownWebhook
            There is none of that name.
        StoreUnavailable
            The store cannot be read.
        """
        statement = f"SELECT {_COLUMNS} FROM webhooks WHERE webhook_id = ?"  # noqa: S608
        rows = self.database.read(statement, (webhook_id,))
        if not rows:
            raise UnknownWebhook(webhook_id)
        return _endpoint(rows[0])

    def put(self, one: Endpoint, secret: str) -> None:
        """Keep a new one.

        Raises
        ------
        StoreUnavailable
            It is not kept.
        """
        kinds = json.dumps(one.kinds)
        sealed = self._sealed({secret: None})
        with self.database.writing() as writing:
            writing.execute(_PUT, (one.webhook_id, one.url, kinds, sealed, one.created_at))

    def remove(self, webhook_id: str) -> None:
        """Forget one, and all that was said there.

        Raises
        ------
        StoreUnavailable
            It stays.
        """
        with self.database.writing() as writing:
            writing.execute("DELETE FROM webhooks WHERE webhook_id = ?", (webhook_id,))
            writing.execute("DELETE FROM webhook_messages WHERE webhook_id = ?", (webhook_id,))

    def turn(self, webhook_id: str, off: str) -> None:
        """Call it no more, for the reason `off`; empty: call it again.

        Raises
        ------
        StoreUnavailable
            It stays as it was.
        """
        with self.database.writing() as writing:
            values = (off, webhook_id)
            writing.execute("UPDATE webhooks SET off = ? WHERE webhook_id = ?", values)

    def secrets(self, webhook_id: str, *, now: int) -> list[str]:
        """Return the secrets that sign, the newest first.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        statement = "SELECT secrets FROM webhooks WHERE webhook_id = ?"
        rows = self.database.read(statement, (webhook_id,))
        found = self._opened(rows[0][0]) if rows else {}
        return [secret for secret, until in found.items() if until is None or now < until]

    def rotate(self, webhook_id: str, secret: str, *, now: int) -> None:
        """Let a secret sign from now on; the one before signs too for ``OLD_SIGNS``.

        Raises
        ------
        StoreUnavailable
            Those before sign on.
        """
        before = self.secrets(webhook_id, now=now)[:1]
        sealed = self._sealed({secret: None, **dict.fromkeys(before, now + OLD_SIGNS)})
        with self.database.writing() as writing:
            _keep(writing, webhook_id, sealed)

    def seal_anew(self) -> int:
        """Seal all secrets by the first key, and return how many addresses have some.

        Raises
        ------
        StoreUnavailable
            What was sealed before stays readable.
        """
        rows = self.database.read("SELECT webhook_id, secrets FROM webhooks")
        with self.database.writing() as writing:
            for webhook_id, sealed in rows:
                if found := self._opened(sealed):
                    _keep(writing, webhook_id, self._sealed(found))
        return len(rows)

    def _sealed(self, found: Mapping[str, int | None]) -> str:
        text = json.dumps(found)
        return text if self.vault is None else self.vault.seal(text)

    def _opened(self, sealed: str) -> dict[str, int | None]:
        text = None if self.vault is None else self.vault.open(sealed)
        found: dict[str, int | None] = json.loads(text) if text else {}
        return found


def _keep(writing: Writing, webhook_id: str, sealed: str) -> None:
    writing.execute("UPDATE webhooks SET secrets = ? WHERE webhook_id = ?", (sealed, webhook_id))


def _endpoint(row: Sequence[object] | Row) -> Endpoint:
    webhook_id, url, kinds, off, created_at = row
    known = tuple(WebhookKind(one) for one in json.loads(str(kinds)))
    return Endpoint(str(webhook_id), str(url), known, str(off), int(str(created_at)))
