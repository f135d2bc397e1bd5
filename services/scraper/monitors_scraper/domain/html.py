"""An HTML page as its reader sees it: title, headings, visible text, and where scripts would put more."""

import re
from functools import cached_property
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

_HIDDEN = '[hidden], [style*="display:none"], [style*="display: none"], dialog:not([open])'
_FRAME = "header, nav, footer, aside, [role=banner], [role=navigation], [role=contentinfo], [role=search]"
_CONSENT = '[id*="cookie" i], [class*="cookie" i], [id*="consent" i], [class*="consent" i]'
_TEXT_BLOCKS = frozenset({"p", "li", "td", "th", "dd", "dt", "h1", "h2", "h3", "h4", "pre", "blockquote"})
_BLOCKS = ", ".join(sorted(_TEXT_BLOCKS | {"div", "section", "article", "main", "span", "strong", "b", "em"}))
_ENOUGH = 8_000
_RUNS = re.compile(r"^(|module|(text|application)/(java|ecma)script)$", re.IGNORECASE)
_TYPE = re.compile(r'"@type"\s*:\s*(?:"([^"]+)"|\[([^\]]{0,300})\])')
# What nearly every page says of itself, whatever it is about.
_COMMON_TYPES = frozenset(
    (
        "WebSite",
        "WebPage",
        "CollectionPage",
        "ItemPage",
        "WPHeader",
        "WPFooter",
        "SiteNavigationElement",
        "Organization",
        "Corporation",
        "LocalBusiness",
        "OnlineStore",
        "Store",
        "Brand",
        "Person",
        "BreadcrumbList",
        "ListItem",
        "SearchAction",
        "ReadAction",
        "EntryPoint",
        "PropertyValueSpecification",
        "ImageObject",
        "ContactPoint",
        "PostalAddress",
        "GeoCoordinates",
        "OpeningHoursSpecification",
    )
)


class Script(NamedTuple):
    """A script that would run: where it is loaded from, or what it says."""

    src: str
    code: str


def squeeze(text: str) -> str:
    """The text with every run of white space made one space."""
    return " ".join(text.split())


def _beginning(text: str) -> str:
    """The squeezed text, of which long ones need not be whole: no question here looks past a few thousand characters."""
    head = squeeze(text[:_ENOUGH])
    return head if len(text) <= _ENOUGH or len(head) > _ENOUGH // 2 else squeeze(text)


class HtmlPage:
    """One parse, many questions. What is hidden from a reader without scripts is not part of any text."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._tree = LexborHTMLParser(source)
        self.scripts: list[Script] = []
        data: list[str] = []
        for node in self._tree.css("script"):
            kind = (node.attributes.get("type") or "").strip()
            if _RUNS.match(kind):
                self.scripts.append(Script(node.attributes.get("src") or "", node.text()))
            elif "ld+json" in kind:
                data.append(node.text())
        self._linked_data = data
        self.noscript = squeeze(" ".join(node.text(separator=" ") for node in self._tree.css("noscript")))
        self._tree.strip_tags(["script", "style", "noscript", "template", "svg"])

    @cached_property
    def title(self) -> str:
        """The document's title."""
        node = self._tree.css_first("title")
        return squeeze(node.text()) if node else ""

    @cached_property
    def heading(self) -> str:
        """The first heading of the highest level there is (h1, else h2)."""
        node = self._tree.css_first("h1") or self._tree.css_first("h2")
        return squeeze(node.text(separator=" ")) if node else ""

    @cached_property
    def _body(self) -> LexborNode | None:
        body = self._tree.body
        for node in body.css(_HIDDEN) if body else ():
            node.decompose()
        return body

    @cached_property
    def text(self) -> str:
        """What a reader sees, of a long page the beginning (over 4,000 characters)."""
        return _beginning(self._body.text(separator=" ")) if self._body else ""

    @cached_property
    def main(self) -> LexborNode | None:
        """The part that the page is about: its main element, else the body without frame, menus and cookie banners."""
        body = self._body
        if body is None:
            return None
        if main := body.css_first("main, [role=main]"):
            return main
        _ = self.text  # while all of it is there
        for node in body.css(_FRAME):
            node.decompose()
        for node in body.css(_CONSENT):
            if node.tag != "body" and node.css_first("h1") is None:
                node.decompose()
        return body

    @cached_property
    def main_text(self) -> str:
        """What a reader sees of the main part, of a long one the beginning."""
        return _beginning(self.main.text(separator=" ")) if self.main else ""

    def is_longer_than(self, length: int) -> bool:
        """Whether a reader sees more than `length` characters (at most 4,000)."""
        return len(self.main_text) > length or len(self.text) > length

    @cached_property
    def has_structured_data(self) -> bool:
        """Whether the page states machine-readable facts about its subject (schema.org as JSON-LD or microdata)."""
        for block in self._linked_data:
            for one, many in _TYPE.findall(block):
                names = [one] if one else re.findall(r'"([^"]+)"', many)
                if any(name.rpartition("/")[2] not in _COMMON_TYPES for name in names):
                    return True
        return any(
            (node.attributes.get("itemtype") or "").strip().rstrip("/").rpartition("/")[2] not in _COMMON_TYPES
            for node in self._tree.css("[itemscope][itemtype]")
        )

    @cached_property
    def fields(self) -> list[str]:
        """Names of the input fields that a person would fill in, search boxes left out."""
        found: list[str] = []
        for node in self._tree.css("input, textarea, select"):
            kind = (node.attributes.get("type") or "text").lower()
            name = " ".join(filter(None, (node.attributes.get(key) for key in ("name", "id", "placeholder")))).lower()
            search = kind == "search" or name.split(" ")[0] in ("q", "s", "query", "search", "keyword", "keywords")
            if kind not in ("hidden", "submit", "button", "image", "reset", "checkbox", "radio") and not search:
                found.append(name)
        return found

    @cached_property
    def actions(self) -> list[str]:
        """What buttons and links say."""
        nodes = self._tree.css("button, a, input[type=submit], input[type=button], [role=button]")
        return [squeeze(node.text(separator=" ") or node.attributes.get("value") or "") for node in nodes]

    def other_than(self, topic: re.Pattern[str]) -> str:
        """What the main part says in blocks that do not mention `topic`, controls left out."""
        said: list[str] = []
        for node in self.main.css(_BLOCKS) if self.main else ():
            whole = node.tag in _TEXT_BLOCKS
            own = squeeze(node.text(deep=whole, separator=" "))
            if own and not topic.search(own):
                said.append(own)
        return " ".join(said)

    @cached_property
    def refresh(self) -> str | None:
        """The target of an immediate `<meta http-equiv=refresh>` to another page, if there is one."""
        node = self._tree.css_first('meta[http-equiv="refresh" i]')
        found = re.match(r"\s*[0-5](?:\.\d*)?\s*[;,]\s*url\s*=\s*['\"]?([^'\"\s]+)", _content(node), re.IGNORECASE)
        return found.group(1) if found else None


def _content(node: LexborNode | None) -> str:
    return (node.attributes.get("content") or "") if node else ""
