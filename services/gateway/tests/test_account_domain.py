"""Tokens, scopes and user agents: what is decided without I/O."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_gateway.domain.api_tokens import ENTROPY_BYTES, looks_right, make_token
from monitors_gateway.domain.scopes import Scope, needed
from monitors_gateway.domain.user_agents import UNKNOWN, described

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"


@given(st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES))
def test_a_token_is_known_as_one_and_with_any_character_wrong_is_not(entropy: bytes) -> None:
    token = make_token(entropy)
    assert len(token) == 40
    assert looks_right(token)
    for place in range(len(token)):
        other = "a" if token[place] != "a" else "b"
        assert not looks_right(token[:place] + other + token[place + 1 :])
    assert not looks_right(token + "0")


def test_reading_needs_read_anything_else_write_unless_the_route_says_otherwise() -> None:
    assert needed([], "GET") == {Scope.READ}
    assert needed([], "DELETE") == {Scope.WRITE}
    assert needed([Scope.METRICS_WRITE], "POST") == {"metrics:write"}


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0", "Firefox on Linux"),
        (f"{WINDOWS} Chrome/140.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{WINDOWS} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge on Windows"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari on macOS"),
        ("curl/8.5.0", "curl"),
        ("python-httpx/0.28.1", "A Python program"),
        ("something\nof its own/1.0", "something of its own/1.0"),
        ("  ", UNKNOWN),
    ],
)
def test_a_user_agent_in_words(user_agent: str, words: str) -> None:
    assert described(user_agent) == words


@given(st.text(max_size=1000))
def test_whatever_a_client_calls_itself_the_words_are_one_short_line(user_agent: str) -> None:
    words = described(user_agent)
    assert 0 < len(words) <= 60
    assert words == " ".join(words.split())
