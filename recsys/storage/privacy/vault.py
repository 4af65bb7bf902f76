"""What the store must not show to who reads the disk: encrypted, and found by a keyed hash.

Keys are Fernet's. The first encrypts; the others still decrypt and find what was sealed before,
until `recsys storage rotate` has sealed it anew.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

SEALED = "sealed:"
"""How what is encrypted begins."""


class Vault:
    """Seals, opens and finds by the keys of the environment.

    Parameters
    ----------
    keys : sequence of str
        Fernet keys, the one that encrypts first; at least one.

    Raises
    ------
    ValueError
        One of them is no key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        # Loaded only by who encrypts.
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet

        self._fernet, self._wrong = MultiFernet([Fernet(key) for key in keys]), InvalidToken
        self._hash_keys = [sha256(b"lookup:" + key.encode()).digest() for key in keys]

    def seal(self, text: str) -> str:
        """Return a text encrypted by the first key."""
        return SEALED + self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """Return what was sealed, None where no key opens it."""
        try:
            return self._fernet.decrypt(sealed.removeprefix(SEALED).encode()).decode()
        except self._wrong:
            return None

    def lookup(self, name: str, value: str) -> str:
        """Return by what a value is found, by the first key."""
        return self.lookups(name, value)[0]

    def lookups(self, name: str, value: str) -> list[str]:
        """Return by what a value is found, by each key: case and blanks around it do not count."""
        said = f"{name}\0{value.strip().lower()}".encode("utf-8", "surrogatepass")
        return [hmac.new(key, said, sha256).hexdigest() for key in self._hash_keys]


def new_key() -> str:
    """Return a fresh key."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def unsealed(traits: Mapping[str, str]) -> dict[str, str]:
    """Return the traits that anybody may see who may see traits."""
    return {name: value for name, value in traits.items() if not value.startswith(SEALED)}


def opened(traits: Mapping[str, str], vault: Vault | None) -> dict[str, str]:
    """Return all traits as they were said, for the person that they are about.

    What no key opens is left as it lies there.
    """
    return {name: _opened(value, vault) for name, value in traits.items()}


def _opened(value: str, vault: Vault | None) -> str:
    if vault is None or not value.startswith(SEALED):
        return value
    found = vault.open(value)
    return value if found is None else found


def of(keys: Iterable[str]) -> Vault | None:
    """Return the vault of some keys, None without any."""
    given = list(keys)
    return Vault(given) if given else None
