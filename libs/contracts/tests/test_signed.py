"""Tokens that can't be made elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.signed import InvalidToken, seal, unseal


@given(st.binary(max_size=60), st.sampled_from([16, 32]))
def test_a_token_holds_what_was_sealed_and_is_safe_in_a_url(content: bytes, signature_bytes: int) -> None:
    token = seal(content, b"door", "secret", signature_bytes=signature_bytes)
    assert unseal(token, b"door", "secret", signature_bytes=signature_bytes) == content
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_token_with_any_bit_changed_is_refused(content: bytes, data: st.DataObject) -> None:
    token = seal(content, b"door", "secret")
    place = data.draw(st.integers(0, len(token) - 2))  # the last character has bits that mean nothing
    other = "B" if token[place] == "A" else "A"
    with pytest.raises(InvalidToken):
        unseal(token[:place] + other + token[place + 1 :], b"door", "secret")


@pytest.mark.parametrize("token", ["", "a", "ä", "?", "A" * 43, "A" * 500])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        unseal(token, b"door", "secret")


def test_a_token_is_good_for_its_purpose_and_its_secret_alone() -> None:
    token = seal(b"who", b"door", "secret")
    for purpose, secret in ((b"gate", "secret"), (b"door", "other")):
        with pytest.raises(InvalidToken):
            unseal(token, purpose, secret)
