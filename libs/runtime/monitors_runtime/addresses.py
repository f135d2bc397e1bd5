"""Which network addresses a service may connect to on somebody else's behalf: the rules behind the SSRF guard."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

METADATA = frozenset(
    ip_address(address)
    for address in (
        "169.254.169.254",  # AWS, Google, Azure, Oracle, DigitalOcean, OpenStack
        "169.254.170.2",  # AWS ECS credentials
        "169.254.170.23",  # AWS EKS pod identity
        "169.254.0.23",  # Tencent
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure's wire server
        "192.0.0.192",  # Oracle classic
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS EKS pod identity
        "fd20:ce::254",  # Google
    )
)
"""Where clouds hand out credentials to whoever asks: never a page and never a receiver."""

_SHARED = IPv4Network("100.64.0.0/10")
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_LAST_32_BITS = (
    IPv6Network("::/96"),  # IPv4-compatible (RFC 4291), deprecated
    IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
    IPv6Network("64:ff9b:1::/48"),  # NAT64 for local use (RFC 8215)
)
_TUNNELS = (
    IPv4Network("192.88.99.0/24"),  # 6to4 relays (RFC 7526)
    IPv6Network("2001::/32"),  # Teredo (RFC 4380)
    IPv6Network("2002::/16"),  # 6to4 (RFC 3056)
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("::/96"),
)


def refusal(ip: str | Address, *, allow_private: bool) -> str | None:
    """Why `ip` may not be connected to, or None when it may.

    The reason is one word: `metadata`, `unspecified`, `multicast`, `reserved`, `loopback`, `link-local`, `shared`
    (RFC 6598), `private` or `tunnel`. `allow_private` lifts all but the first four. An IPv6 address that carries an
    IPv4 one (mapped, NAT64, 6to4, Teredo) is judged by that one as well. Raises ValueError for what is no address.
    """
    address = ip_address(ip) if isinstance(ip, str) else ip
    if isinstance(address, IPv6Address):
        address = IPv6Address(int(address))  # without the zone, which would make it equal to nothing
        if address.ipv4_mapped:
            address = address.ipv4_mapped
    carried = _carried(address) if isinstance(address, IPv6Address) else ()
    reasons = [reason for each in (*carried, address) if (reason := _kind(each))]
    forbidden = [reason for reason in reasons if reason in ("metadata", "unspecified", "multicast", "reserved")]
    if forbidden:
        return forbidden[0]
    return reasons[0] if reasons and not allow_private else None


def _carried(address: IPv6Address) -> tuple[IPv4Address, ...]:
    if address.is_loopback or address.is_unspecified:
        return ()
    if address.teredo:
        return address.teredo
    if address.sixtofour:
        return (address.sixtofour,)
    if any(address in network for network in _LAST_32_BITS):
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def _kind(address: Address) -> str | None:
    if address in METADATA:
        return "metadata"
    if address.is_unspecified or address in _THIS_NETWORK:
        return "unspecified"
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    if address in _SHARED:
        return "shared"
    if any(address in network for network in _TUNNELS):
        return "tunnel"
    if isinstance(address, IPv6Address) and address.is_site_local:
        return "private"
    if address.is_reserved and address not in _LAST_32_BITS[1]:
        return "reserved"
    return "private" if address.is_private else None
