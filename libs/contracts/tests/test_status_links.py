"""Where status pages are."""

import pytest

from monitors_contracts.base import new_id
from monitors_contracts.signed import InvalidToken
from monitors_contracts.status_links import StatusLink, make_token, path_of, read_token


def test_a_link_names_one_page_and_cannot_be_made_elsewhere() -> None:
    link = StatusLink(new_id(), new_id(), 7)
    token = make_token(link, "secret")
    assert read_token(token, "secret") == link
    for wrong in (make_token(link, "other"), token[:40] + "AAAA" + token[44:], "", "ä", token[:-4]):
        with pytest.raises(InvalidToken):
            read_token(wrong, "secret")


def test_a_public_page_is_at_its_slug_and_a_private_one_at_its_link() -> None:
    link = StatusLink(new_id(), new_id(), 1)
    assert path_of("acme", link, "secret") == "/status/acme"
    assert path_of(None, link, "secret") == f"/status/{make_token(link, 'secret')}"
