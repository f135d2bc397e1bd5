"""Addresses of pages: which can be fetched at all."""

from yarl import URL

from monitors_contracts.pages import Failure

from .domain.pages import Obstructed


def page_url(text: str | URL, base: URL | None = None) -> URL:
    """An absolute http(s) URL without credentials, `text` being relative to `base` if there is one.

    Raises Obstructed with plain words for anything else.
    """
    try:
        url = URL(text) if isinstance(text, str) else text
        url = base.join(url) if base else url
        usable = url.scheme in ("http", "https") and bool(url.host) and url.port is not None
    except ValueError:
        raise Obstructed.by(Failure.UNSUPPORTED, "The address is not a valid web address.") from None
    if not usable:
        raise Obstructed.by(Failure.UNSUPPORTED, "Only http and https addresses can be watched.")
    if url.user is not None or url.password is not None:
        detail = "The address carries a user name or password. Take it out and set a request header in its place."
        raise Obstructed.by(Failure.UNSUPPORTED, detail)
    return url
