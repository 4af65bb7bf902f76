"""Whom may be called: names that lead out to the internet, and those that the settings name."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from recsys.errors import BadQuery

_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"), ip_network("2002::/16"))
"""IPv6 addresses that stand for IPv4 ones."""

_MOST_CHARACTERS = 2_000


class ForbiddenAddress(Exception):
    """The name leads to an address that is not called."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes, as an address of a webhook says it."""

    scheme: str
    host: str
    port: int
    path: str

    def url(self, address: str) -> str:
        """Return the URL at an address of the host."""
        shown = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{shown}:{self.port}{self.path}"

    @property
    def name(self) -> str:
        """The host as a header says it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


def target(url: str, private: Collection[str] = ()) -> Target:
    """Return where a call to an address goes.

    Parameters
    ----------
    url : str
        ``https://…``.
    private : collection of str
        Hosts within, that may be called, and without TLS too.

    Raises
    ------
    BadQuery
        It is no such address.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host, port = "", None
        parts = urlsplit("")
    allowed = {"https", "http"} if host in private else {"https"}
    right = parts.scheme in allowed and host and not parts.username and url.isascii()
    if not right or parts.fragment or len(url) > _MOST_CHARACTERS or any(c.isspace() for c in url):
        raise BadQuery(
            "url", url, "https://host/path, no name and password; http of serving.webhook_hosts"
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or {"https": 443, "http": 80}[parts.scheme], path)


async def resolved(to: Target, private: Collection[str] = ()) -> str:
    """Return an address of a host; what is connected to is this, whatever the name says later.

    Raises
    ------
    ForbiddenAddress
        An address of it is within some network, and it is not among `private`.
    OSError
        There is no such host.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    addresses = [str(place[0]) for *_, place in found]
    if to.host not in private and not all(is_public(one) for one in addresses):
        raise ForbiddenAddress(f"{to.host} leads to a private address: see serving.webhook_hosts")
    return addresses[0]


def is_public(address: str) -> bool:
    """Return whether an address is one of the internet, and of one machine.

    Examples
    --------
    >>> is_public("93.184.215.14"), is_public("169.254.169.254"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    one = ip_address(address.partition("%")[0])
    if isinstance(one, IPv6Address):
        if one.ipv4_mapped is not None:
            return is_public(str(one.ipv4_mapped))
        if any(one in network for network in _TRANSLATED):
            return False
    return one.is_global and not one.is_multicast
