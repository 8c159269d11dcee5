"""Who a visitor is, as far as limits are concerned: an IP address, or on this machine a session.

    owner_of("203.0.113.7", "abc")       # "203.0.113.7"
    owner_of("127.0.0.1", "abc")         # "127.0.0.1#abc"

An address is the one that the connection comes from, or that a trusted proxy names in X-Forwarded-For
(uvicorn reads it; FORWARDED_ALLOW_IPS lists the proxies). From this machine itself come tunnels, whose
visitors cannot be told apart by address.
"""

import ipaddress
from typing import Any

UNKNOWN = "unknown"
LOCAL = frozenset({"127.0.0.1", "::1"})
IPV6_PREFIX = 64  # bits: a household or a company is given all addresses that share them


def address_of(host: str | None) -> str:
    """The address that limits are counted for: of IPv6 only the network."""
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return UNKNOWN
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.version == 6 and not address.is_loopback:
        return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)


def is_limited(address: str) -> bool:
    """Whether limits for one address apply to it; they do not to this machine itself."""
    return address not in LOCAL


def owner_of(host: str | None, session: str | None) -> str:
    """Whom a photo in work is counted for."""
    address = address_of(host)
    return address if is_limited(address) else f"{address}#{session}"


def requested_by(request: Any) -> str:
    """Whom a photo is counted for that a `gr.Request` asks for."""
    return owner_of(request.client.host if request.client else None, request.session_hash)
