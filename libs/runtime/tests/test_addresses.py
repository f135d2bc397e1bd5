from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_runtime.addresses import METADATA, refusal

PUBLIC = ["8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8"]
LIFTED = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "::127.0.0.1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "198.18.0.1", "192.0.2.1", "fc00::1"],
    "link-local": ["169.254.1.1", "fe80::1", "fe80::1%eth0", "64:ff9b::169.254.1.1"],
    "shared": ["100.64.0.1", "100.127.255.255", "::ffff:100.64.0.1"],
    "tunnel": ["2002:808:808::1", "64:ff9b:1::808:808", "192.88.99.1", "2001:0:808:808:0:0:f7f7:f7f7"],
}
NEVER = {
    "unspecified": ["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "64:ff9b::224.0.0.1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "::ffff:255.255.255.255", "4000::1"],
}


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("allow_private", [False, True])
def test_refusal_when_public_then_none(address: str, allow_private: bool):
    assert refusal(address, allow_private=allow_private) is None


@pytest.mark.parametrize(("reason", "address"), [(word, each) for word, all_ in LIFTED.items() for each in all_])
def test_refusal_when_inside_then_only_allow_private_lifts_it(reason: str, address: str):
    assert refusal(address, allow_private=False) == reason
    assert refusal(address, allow_private=True) is None


@pytest.mark.parametrize(("reason", "address"), [(word, each) for word, all_ in NEVER.items() for each in all_])
@pytest.mark.parametrize("allow_private", [False, True])
def test_refusal_when_no_host_can_be_there_then_always(reason: str, address: str, allow_private: bool):
    assert refusal(address, allow_private=allow_private) == reason


@pytest.mark.parametrize("address", sorted(METADATA, key=str))
def test_refusal_when_metadata_then_always_and_in_every_disguise(address: IPv4Address | IPv6Address):
    disguises = [address]
    if isinstance(address, IPv4Address):
        number = int(address)
        disguises += [
            ip_address(f"::ffff:{address}"),
            ip_address(f"64:ff9b::{address}"),
            ip_address(f"64:ff9b:1::{address}"),
            IPv6Address((0x2002 << 112) | (number << 80) | 1),
            IPv6Address((0x20010000 << 96) | (number << 64)),
            IPv6Address((0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF)),
        ]
    else:
        disguises.append(ip_address(f"{address}%eth0"))
    assert {refusal(each, allow_private=True) for each in disguises} == {"metadata"}


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_refusal_when_mapped_into_ipv6_then_judged_as_ipv4(address: IPv4Address):
    for allow_private in (False, True):
        expected = refusal(address, allow_private=allow_private)
        assert refusal(f"::ffff:{address}", allow_private=allow_private) == expected
        assert refusal(f"64:ff9b::{address}", allow_private=allow_private) == expected


@given(st.ip_addresses())
def test_refusal_when_allowed_without_private_then_globally_reachable(address: IPv4Address | IPv6Address):
    if refusal(address, allow_private=False) is None:
        assert address.is_global
        assert not address.is_private
        assert not address.is_multicast


@given(st.ip_addresses())
def test_refusal_when_private_allowed_then_never_stricter(address: IPv4Address | IPv6Address):
    if refusal(address, allow_private=False) is None:
        assert refusal(address, allow_private=True) is None


def test_refusal_when_no_address_then_value_error():
    with pytest.raises(ValueError, match="does not appear"):
        refusal("localhost", allow_private=True)
