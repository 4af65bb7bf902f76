"""Proofs that a webhook is of the tool that it says: its signature, or a secret in the address."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Mapping

Headers = Mapping[str, str]
"""By name in lower case."""


def is_proved(scheme: str, secret: str, *, body: bytes, headers: Headers, given: str) -> bool:
    """Return whether a call proves where it is from.

    A call that is sent again is no danger: what it says counts once.

    Parameters
    ----------
    scheme : str
        One of ``SCHEMES``; empty: the tool signs nothing, and its address holds the secret.
    secret : str
        That was agreed on with the tool; of SendGrid its public key.
    body : bytes
        As it came, unpacked.
    headers : mapping of str to str
        Of the call.
    given : str
        The secret in its address; empty where there is none.
    """
    if scheme:
        return SCHEMES[scheme](secret, body, headers)
    return bool(given) and hmac.compare_digest(given.encode(), secret.encode())


def _customerio(secret: str, body: bytes, headers: Headers) -> bool:
    said = f"v0:{headers.get('x-cio-timestamp', '')}:".encode() + body
    made = hmac.digest(secret.encode(), said, "sha256").hex()
    return hmac.compare_digest(made, headers.get("x-cio-signature", ""))


def _surveymonkey(secret: str, body: bytes, headers: Headers) -> bool:
    made = b64encode(hmac.digest(secret.encode(), body, "sha1")).decode()
    return hmac.compare_digest(made, headers.get("sm-signature", ""))


def _zendesk(secret: str, body: bytes, headers: Headers) -> bool:
    said = headers.get("x-zendesk-webhook-signature-timestamp", "").encode() + body
    made = b64encode(hmac.digest(secret.encode(), said, "sha256")).decode()
    return hmac.compare_digest(made, headers.get("x-zendesk-webhook-signature", ""))


def _sendgrid(secret: str, body: bytes, headers: Headers) -> bool:
    # Loaded by who is called by SendGrid only.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    name = "x-twilio-email-event-webhook-"
    said = headers.get(f"{name}timestamp", "").encode() + body
    try:
        key = load_der_public_key(b64decode(secret))
        if not isinstance(key, EllipticCurvePublicKey):
            return False
        key.verify(b64decode(headers.get(f"{name}signature", "")), said, ECDSA(SHA256()))
    except (InvalidSignature, ValueError, Error):
        return False
    return True


SCHEMES: Mapping[str, Callable[[str, bytes, Headers], bool]] = {
    "customerio": _customerio,
    "sendgrid": _sendgrid,
    "surveymonkey": _surveymonkey,
    "zendesk": _zendesk,
}
"""How tools sign, by name."""
