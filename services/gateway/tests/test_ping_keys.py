"""Keys of ping addresses name one heartbeat, and nobody else makes one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.base import new_id
from monitors_contracts.signed import InvalidToken
from monitors_gateway.domain.ping_keys import Pinged, make_key, read_key, unpacked

SECRET = "a secret for tests that is long enough"
PINGED = Pinged(new_id(), new_id())


def test_a_key_when_read_then_names_its_heartbeat() -> None:
    key = make_key(PINGED, SECRET)
    assert read_key(key, SECRET) == PINGED
    assert key == make_key(PINGED, SECRET), "the address stays"
    assert all(character.isalnum() or character in "-_" for character in key)


@given(st.integers(0, 2**24 - 1))
def test_a_key_of_any_generation_names_it_and_is_another_than_the_one_before(generation: int) -> None:
    pinged = replace(PINGED, generation=generation)
    key = make_key(pinged, SECRET)
    assert read_key(key, SECRET) == pinged
    assert unpacked(pinged.packed()) == pinged
    assert (key == make_key(PINGED, SECRET)) == (generation == 0)
    assert "=" not in key


def test_a_key_when_of_another_platform_then_is_none() -> None:
    with pytest.raises(InvalidToken):
        read_key(make_key(PINGED, SECRET), SECRET + "!")


@given(st.integers(0, 63), st.sampled_from("ABCxyz019-_"))
def test_a_key_when_changed_anywhere_then_is_none(place: int, character: str) -> None:
    key = make_key(PINGED, SECRET)
    changed = key[:place] + character + key[place + 1 :]
    if changed != key:
        with pytest.raises(InvalidToken):
            read_key(changed, SECRET)


@given(st.text(max_size=100))
def test_anything_when_sent_as_a_key_then_is_none(text: str) -> None:
    with pytest.raises(InvalidToken):
        read_key(text, SECRET)
