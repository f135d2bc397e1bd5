"""The address in a sentence."""

import pytest

from monitors_evaluator.domain.interpretation.urls import find_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("the console at https://shop.example/a?b=1&c=2 is cheap", "https://shop.example/a?b=1&c=2"),
        ("it is open (https://parks.example/trails).", "https://parks.example/trails"),
        ("see https://en.example/wiki/Apple_(fruit), please", "https://en.example/wiki/Apple_(fruit)"),
        ("look at <https://shop.example/a>!", "https://shop.example/a"),
        ("under $230: http://127.0.0.1:8080/acme", "http://127.0.0.1:8080/acme"),
        ("watch shop.example/gpu, please", "https://shop.example/gpu"),
        ("is www.shop.example up?", "https://www.shop.example"),
        ("news on example.com.", "https://example.com"),
        ("HTTPS://Shop.Example/X", "HTTPS://Shop.Example/X"),
        ("Node.js 24 is out. Really", None),
        ("write to me@example.com", None),
        ("e.g. the U.S. economy", None),
    ],
)
def test_find_url(text: str, url: str | None) -> None:
    assert find_url(text)[0] == url


def test_text_keeps_no_address_and_no_dangling_preposition() -> None:
    _, rest = find_url("the kettle at https://shop.example/kettle costs less than $60")
    assert " ".join(rest.split()) == "the kettle costs less than $60"


def test_address_that_is_spoken_of_becomes_this_page() -> None:
    _, rest = find_url("tell me when uni.example/apply says registration is open")
    assert " ".join(rest.split()) == "tell me when this page says registration is open"
