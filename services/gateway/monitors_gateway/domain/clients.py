"""Whose address a request really comes from, and which addresses count as one client."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def networks(written: Sequence[str]) -> list[Network]:
    """Networks as an operator writes them: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`."""
    return [ip_network(each, strict=False) for each in written]


def client_address(peer: str, forwarded_for: str | None, trusted: Sequence[Network]) -> str:
    """The nearest address that is not a trusted proxy; what untrusted peers say about themselves is ignored."""
    found = peer
    for hop in reversed((forwarded_for or "").split(",")):
        if not _is_in(found, trusted):
            break
        candidate = hop.strip()
        if _parsed(candidate) is None:
            break
        found = candidate
    return found


def limited_as(address: str, trusted: Sequence[Network]) -> str | None:
    """The key an address is limited under: IPv6 clients own a whole /64. None for this machine and trusted proxies,
    behind which any number of people may stand."""
    parsed = _parsed(address)
    if parsed is None:
        return address
    if parsed.is_loopback or _is_in(address, trusted):
        return None
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False).network_address) + "/64"
    return str(parsed)


def _is_in(address: str, trusted: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in trusted)


def _parsed(address: str) -> Address | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
