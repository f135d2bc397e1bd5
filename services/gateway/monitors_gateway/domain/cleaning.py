"""Foreign HTML made fit for a browser: structure and words stay; nothing in it runs, loads, styles, submits or leads away.

nh3 (Ammonia) parses as browsers do and writes anew only what is listed here.
"""

import re
from collections.abc import Callable

import nh3

Link = Callable[[str], str]
"""The address of a page that a place (by its own address in the snapshot) leads to."""


def _listed(names: str) -> set[str]:
    return set(names.split())


_TAGS = _listed(
    "h1 h2 h3 h4 h5 h6 p div span ul ol li dl dt dd table caption thead tbody tfoot tr td th pre code blockquote b strong i em "
    "s del ins u small sub sup br hr section article main header footer nav aside figure figcaption time q cite abbr kbd samp "
    "var dfn address mark a"
)
_EMPTIED = _listed(
    "script style noscript template iframe frame object embed svg math canvas video audio textarea select title xmp noembed "
    "noframes plaintext"
)
_SPANS = {"colspan", "rowspan"}
_ATTRIBUTES = {"mark": {"id"}, "a": {"href"}, "td": _SPANS, "th": _SPANS}
_PLACE = re.compile(r"place:([bcd]\d{1,9}(?:\.\d{1,9}){0,2})")


def clean(html: str, link: Link | None = None) -> str:
    """The HTML of a shown snapshot, safe inside a body. With `link`, places are links to the pages it names; else no links."""

    def allowed(tag: str, attribute: str, value: str) -> str | None:
        match tag, attribute:
            case "a", "href":
                place = _PLACE.fullmatch(value)
                return link(place[1]) if place and link else None
            case "a", "target":
                return value if link else None
            case "mark", "id":
                return value if value == "fact" else None
            case _:
                return value if value.isascii() and value.isdigit() and len(value) <= 3 else None

    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_EMPTIED,
        attributes=_ATTRIBUTES,
        attribute_filter=allowed,
        url_schemes={"place"},
        link_rel=None,
        set_tag_attribute_values={"a": {"target": "_top"}} if link else {},
        strip_comments=True,
    )
