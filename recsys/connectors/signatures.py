"""Proofs that a webhook is of the tool that it says: its signature, or a secret in the address."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping, Sequence

from recsys.connectors.tool import Signature
from recsys.data.times import SECOND

Headers = Mapping[str, str]
"""By name in lower case."""

_NAMED = re.compile(r"\{([\w-]+)\}")


def is_proved(
    signature: Signature | None, secret: str, *, body: bytes, headers: Headers, given: str, now: int
) -> bool:
    """Return whether a call proves where it is from.

    Parameters
    ----------
    signature : Signature or None
        How the tool signs; None: it does not, and its address holds the secret.
    secret : str
        That was agreed on with the tool; of one that signs by a key pair its public key.
    body : bytes
        As it came, unpacked.
    headers : mapping of str to str
        Of the call.
    given : str
        The secret in its address; empty where there is none.
    now : int
        Microseconds since the epoch.
    """
    if signature is None:
        return _same(given, secret)
    header = headers.get(signature.header, "")
    parts = [part.strip().partition("=") for part in header.split(",")]
    said = {**{name: value for name, _, value in parts}, **headers}
    if signature.time and not _is_now(said.get(signature.time, ""), signature.seconds, now):
        return False
    signed = re.sub(_NAMED, lambda name: said.get(name[1], ""), signature.before)
    of_call = [value for name, _, value in parts if name == signature.field] or [header]
    return _is_signed(signature, secret, signed.encode() + body, of_call)


def _is_signed(signature: Signature, secret: str, signed: bytes, given: Sequence[str]) -> bool:
    if signature.hash == "ecdsa":
        return any(_is_ecdsa(secret, signed, one) for one in given)
    made = hmac.digest(secret.encode(), signed, signature.hash)
    text = made.hex() if signature.encoding == "hex" else b64encode(made).decode()
    return any(_same(one, text) for one in given)


def _same(given: str, wanted: str) -> bool:
    # As bytes: text that is not ASCII cannot be compared.
    return bool(given) and hmac.compare_digest(given.encode(), wanted.encode())


def _is_now(given: str, seconds: float, now: int) -> bool:
    return given.isdecimal() and abs(int(given) * SECOND - now) <= seconds * SECOND


def _is_ecdsa(public: str, signed: bytes, given: str) -> bool:
    # Loaded by who is called by such a tool only.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(b64decode(public))
        if not isinstance(key, EllipticCurvePublicKey):
            return False
        key.verify(b64decode(given), signed, ECDSA(SHA256()))
    except (InvalidSignature, ValueError, Error):
        return False
    return True
