"""The demo site: what it says, and how a person changes that."""

import httpx
import pytest

from monitors_operator.demo.pages import AFTER, BEFORE, State, pages
from monitors_operator.demo.site import Site, changed


def test_the_pages_say_what_the_state_is() -> None:
    before, after = pages(BEFORE), pages(AFTER)
    assert "<strong>$64.00</strong>" in before["/kettle"]
    assert "<strong>$47.50</strong>" in after["/kettle"]
    assert "Registration is closed" in before["/course"]
    assert "Registration is open" in after["/course"]


@pytest.mark.parametrize(
    ("form", "state"),
    [
        ("kettle_price=42.5&course_fee=180&seats_left=3&registration_open=yes", State(42.5, True, 180, 3)),
        ("kettle_price=cheap&course_fee=&seats_left=-4", BEFORE),
        ("kettle_price=1e999&course_fee=nan", BEFORE),
        ("", BEFORE),
    ],
)
def test_a_form_changes_what_it_can(form: str, state: State) -> None:
    assert changed(BEFORE, form) == state


def test_a_person_changes_the_price_by_the_form() -> None:
    site = Site(BEFORE)
    with httpx.Client(base_url=site.url, follow_redirects=True) as client:
        page = client.post("/", data={"kettle_price": "42.50", "course_fee": "180", "seats_left": "0"})
        assert 'value="42.50"' in page.text
        assert "<strong>$42.50</strong>" in client.get("/kettle").text
        assert client.get("/nothing").status_code == 404
