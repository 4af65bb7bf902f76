"""How a call is signed, as Standard Webhooks says it (version 1, symmetric)."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256

from recsys.storage.webhooks.endpoints import PREFIX


def headers(message_id: str, seconds: int, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """Return what is sent with a body: its id, when it is sent, and a signature by each secret.

    Parameters
    ----------
    message_id : str
        The same however often it is sent.
    seconds : int
        Since the epoch; a receiver refuses what is old.
    body : bytes
        As it is sent.
    secrets : iterable of str
        Each ``whsec_`` and base64.
    """
    said = f"{message_id}.{seconds}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{_signed(said, secret)}" for secret in secrets),
    }


def _signed(said: bytes, secret: str) -> str:
    key = b64decode(secret.removeprefix(PREFIX))
    return b64encode(hmac.new(key, said, sha256).digest()).decode()
