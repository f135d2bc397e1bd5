"""Echo requests ("ping") by ICMP, over whatever socket the system lets us have.

An unprivileged one first (`SOCK_DGRAM`, Linux: the group is within `net.ipv4.ping_group_range`), else a raw one (CAP_NET_RAW).
Replies are known by 16 random bytes that go out with the request, so what other programs ping is never taken for ours. Sources:
RFC 792, RFC 4443 section 4. No library is used: those that ping without a helper program are untyped and released no more.
"""

import asyncio
import contextlib
import os
import socket
from ipaddress import ip_address

_REQUEST = {4: 8, 6: 128}
_REPLY = {4: 0, 6: 129}
_FAMILY = {4: (socket.AF_INET, socket.IPPROTO_ICMP), 6: (socket.AF_INET6, socket.IPPROTO_ICMPV6)}
_HEADER = 8
_NONCE = 16
_ATTEMPTS_APART = 1.0
HOW_TO_ALLOW = "set the kernel's net.ipv4.ping_group_range to a range with the service's group, or give it CAP_NET_RAW"


class NotAllowed(OSError):
    """The system lets us have no socket for ICMP."""


def why_not(version: int = 4) -> str | None:
    """Why nothing can be pinged from here, or None when it can. `version` is that of IP."""
    try:
        _open(version).close()
    except NotAllowed as refused:
        return str(refused)
    return None


async def echo(address: str) -> None:
    """Return when the address, an IPv4 or IPv6 one, has answered; a request goes out every second until then.

    Bound it by a time-out of your own. Raises NotAllowed, and OSError for an address that there is no way to.
    """
    version = ip_address(address).version
    nonce = os.urandom(_NONCE)
    with contextlib.closing(_open(version)) as sock:
        sock.connect(
            (address, 0)
        )  # says nothing yet, so it does not block; from now on only what comes from there is heard
        asking = asyncio.create_task(_ask(sock, version, nonce))
        hearing = asyncio.create_task(_hear(sock, version, nonce))
        try:
            done, _ = await asyncio.wait((asking, hearing), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (asking, hearing):
                task.cancel()
            await asyncio.gather(asking, hearing, return_exceptions=True)


async def _ask(sock: socket.socket, version: int, nonce: bytes) -> None:
    loop, sequence = asyncio.get_running_loop(), 0
    while True:
        await loop.sock_sendall(sock, request(version, sequence, nonce))
        sequence = (sequence + 1) % 0x10000
        await asyncio.sleep(_ATTEMPTS_APART)


async def _hear(sock: socket.socket, version: int, nonce: bytes) -> None:
    loop = asyncio.get_running_loop()
    while not is_reply(version, await loop.sock_recv(sock, 2048), nonce):
        pass


def request(version: int, sequence: int, nonce: bytes) -> bytes:
    """An echo request. Where the system fills in identifier and checksum, it does so over ours."""
    head = bytes((_REQUEST[version], 0))
    rest = nonce[:2] + sequence.to_bytes(2, "big") + nonce
    return head + _checksum(head + b"\0\0" + rest).to_bytes(2, "big") + rest


def is_reply(version: int, packet: bytes, nonce: bytes) -> bool:
    """Whether the packet is the reply to a request with this nonce. Raw IPv4 sockets show the IP header before it."""
    if version == 4 and packet[:1] and packet[0] >> 4 == 4:
        packet = packet[(packet[0] & 0x0F) * 4 :]
    return packet[:1] == bytes((_REPLY[version],)) and packet[_HEADER : _HEADER + _NONCE] == nonce


def _checksum(message: bytes) -> int:
    """The Internet checksum (RFC 1071) of a message of even length."""
    total = sum(int.from_bytes(message[at : at + 2], "big") for at in range(0, len(message), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _open(version: int) -> socket.socket:
    family, protocol = _FAMILY[version]
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        with contextlib.suppress(OSError):
            sock = socket.socket(family, kind, protocol)
            sock.setblocking(False)
            return sock
    raise NotAllowed(f"the system allows no ICMP over IPv{version} here")
