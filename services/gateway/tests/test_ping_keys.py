"""Keys of ping addresses name one heartbeat, and nobody else makes one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.base import new_id
from monitors_gateway.domain.ping_keys import InvalidKey, Pinged, make_key, read_key

SECRET = "a secret for tests that is long enough"
PINGED = Pinged(new_id(), new_id())


def test_a_key_when_read_then_names_its_heartbeat() -> None:
    key = make_key(PINGED, SECRET)
    assert read_key(key, SECRET) == PINGED
    assert key == make_key(PINGED, SECRET), "the address stays"
    assert all(character.isalnum() or character in "-_" for character in key)


def test_a_key_when_of_another_platform_then_is_none() -> None:
    with pytest.raises(InvalidKey):
        read_key(make_key(PINGED, SECRET), SECRET + "!")


@given(st.integers(0, 63), st.sampled_from("ABCxyz019-_"))
def test_a_key_when_changed_anywhere_then_is_none(place: int, character: str) -> None:
    key = make_key(PINGED, SECRET)
    changed = key[:place] + character + key[place + 1 :]
    if changed != key:
        with pytest.raises(InvalidKey):
            read_key(changed, SECRET)


@given(st.text(max_size=100))
def test_anything_when_sent_as_a_key_then_is_none(text: str) -> None:
    with pytest.raises(InvalidKey):
        read_key(text, SECRET)
