"""A shop's page as reading order: its texts with their places, the title, the heading of the product."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from .words import NO_TRAITS, Traits, name_traits

_UNREAD = ["script", "style", "noscript", "template", "svg", "iframe", "object", "datalist"]
_MOST_FRAGMENTS = 20_000
# How well a heading fits a page without any title: enough for the first one.
_UNTITLED = 0.3
_NAMES = ("class", "id", "itemprop", "data-testid", "data-hook")
_word = re.compile(r"\w+")
_hidden_style = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def squeeze(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Fragment:
    """One piece of text: its place in reading order, the characters before it, and the element that holds it."""

    index: int
    offset: int
    text: str
    node: LexborNode


@dataclass(slots=True)
class Element:
    """What an element says of itself; computed once for each element on the way to a text."""

    tag: str
    traits: Traits
    style: str
    struck: bool
    hidden: bool
    link: str | None
    itemprop: str
    parent: "Element | None" = field(repr=False)

    def chain(self) -> Iterator["Element"]:
        """This element, then what it stands in, outwards."""
        element: Element | None = self
        while element is not None:
            yield element
            element = element.parent


@dataclass(frozen=True, slots=True)
class Area:
    """A stretch of the page in reading order, in characters; by default all of it."""

    start: float = float("-inf")
    end: float = float("inf")

    def holds(self, offset: int) -> bool:
        """Whether a text at this offset is in the area."""
        return self.start <= offset <= self.end


def similar(one: str, other: str) -> float:
    """How far two names are of the same thing: 1 when one holds the other, else the share of common words."""
    one, other = one.lower(), other.lower()
    if len(one) >= 4 and len(other) >= 4 and (one in other or other in one):
        return 1.0
    words, others = set(_word.findall(one)), set(_word.findall(other))
    if not words or not others:
        return 0.0
    return len(words & others) / min(len(words), len(others)) if min(len(words), len(others)) > 1 else 0.0


def _fit(heading: str, name: str) -> float:
    """How well a heading fits the page's name; of headings that all fit, the one that says more of it."""
    return similar(heading, name) + 0.2 * min(1.0, len(heading) / len(name))


class Page:
    """A parsed page. Scripts are taken aside before the texts are read."""

    def __init__(self, html: str, url: str | None) -> None:
        self.url = url
        self.tree = LexborHTMLParser(html)
        self.scripts: list[tuple[str, str]] = [
            ((node.attributes.get("type") or "").lower(), node.text())
            for node in self.tree.css("script")
            if "src" not in node.attributes
        ]
        title = self.tree.css_first("title")
        self.title = squeeze(title.text()) if title is not None else ""
        self.tree.strip_tags(_UNREAD)
        self._elements: dict[int, Element] = {}

    @cached_property
    def fragments(self) -> list[Fragment]:
        """The texts of the page's body in reading order."""
        body = self.tree.body
        if body is None:
            return []
        found: list[Fragment] = []
        offset = 0
        for node in body.traverse(include_text=True):
            if node.tag != "-text":
                continue
            text = node.text_content
            parent = node.parent
            if not text or parent is None or text.isspace() or not (text := squeeze(text)):
                continue
            found.append(Fragment(len(found), offset, text, parent))
            offset += len(text) + 1
            if len(found) >= _MOST_FRAGMENTS:
                break
        return found

    @cached_property
    def meta(self) -> dict[str, str]:
        """The page's meta tags by property or name, the first of each."""
        found: dict[str, str] = {}
        for node in self.tree.css("meta[content]"):
            attributes = node.attributes
            key = attributes.get("property") or attributes.get("name")
            if key and (content := attributes.get("content")):
                found.setdefault(key.lower(), content)
        return found

    @cached_property
    def names(self) -> list[str]:
        """What the page calls its subject: the title of its meta tags, then of its head."""
        named = [squeeze(self.meta.get("og:title", "")), self.title]
        return [name for name in named if name]

    @cached_property
    def heading(self) -> Fragment | None:
        """The first text of the product's heading, or None where the page has no heading that fits its title."""
        by_node = {fragment.node.mem_id: fragment for fragment in reversed(self.fragments)}
        best: tuple[float, Fragment] | None = None
        for selector in ("h1", "[itemprop=name],h2"):
            for node in self.tree.css(selector)[:40]:
                text = squeeze(node.text(separator=" "))
                first = next((by_node[inner.mem_id] for inner in node.traverse() if inner.mem_id in by_node), None)
                if first is None or not text:
                    continue
                fit = max((_fit(text, name) for name in self.names), default=_UNTITLED) + (
                    0.3 if node.tag == "h1" else 0
                )
                # A shop's logo may be a heading, and names of other products are links.
                fit -= 0.6 if self.element(first.node).link else 0.0
                if best is None or fit > best[0]:
                    best = fit, first
            if best is not None and best[0] >= 0.9:
                break
        if best is not None and best[0] >= 0.5:
            return best[1]
        return self._titled_text

    @property
    def _titled_text(self) -> Fragment | None:
        for fragment in self.fragments:
            if not 6 <= len(fragment.text) <= 200 or self.element(fragment.node).link:
                continue
            if any(fragment.text in name or similar(fragment.text, name) >= 0.8 for name in self.names):
                return fragment
        return None

    @cached_property
    def main(self) -> frozenset[int]:
        """The identities of the elements that the heading stands in: whatever else stands in them is not elsewhere."""
        return (
            frozenset(id(outer) for outer in self.element(self.heading.node).chain()) if self.heading else frozenset()
        )

    def is_elsewhere(self, element: Element) -> bool:
        """Whether the element stands in a link, or in a part of the page for other products than the heading's."""
        if element.link:
            return True
        for outer in element.chain():
            if id(outer) in self.main:
                return False
            if outer.traits.elsewhere:
                return True
        return False

    @cached_property
    def url_keys(self) -> set[str]:
        """The parts of the address that may be a product's or a variant's key."""
        if not self.url:
            return set()
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return set()
        return {
            key.lower() for key in re.split(r"[/?&=._,\-#]", unquote(f"{parts.path}/{parts.query}")) if len(key) >= 4
        }

    def element(self, node: LexborNode) -> Element:
        """What is known of an element; `link` is set for all that stands in a link."""
        known = self._elements.get(node.mem_id)
        if known is not None:
            return known
        chain: list[LexborNode] = []
        at: LexborNode | None = node
        parent: Element | None = None
        while at is not None and at.is_element_node:
            if (parent := self._elements.get(at.mem_id)) is not None:
                break
            chain.append(at)
            at = at.parent
        for inner in reversed(chain):
            parent = self._read(inner, parent)
            self._elements[inner.mem_id] = parent
        assert parent is not None
        return parent

    def _read(self, node: LexborNode, parent: Element | None) -> Element:
        attributes = node.attributes
        tag = node.tag or ""
        style = attributes.get("style") or ""
        traits = NO_TRAITS
        # The body's and the page's own classes name the kind of page, not a part of it.
        if tag not in ("html", "body") and (names := " ".join(filter(None, map(attributes.get, _NAMES)))):
            traits = name_traits(names)
        link = parent.link if parent else None
        if (
            tag == "a"
            and not traits.buy
            and (href := attributes.get("href"))
            and not href.startswith(("#", "javascript:"))
        ):
            link = href
        return Element(
            tag=tag,
            traits=traits,
            style=style,
            struck=(parent is not None and parent.struck) or tag in ("del", "s", "strike") or "line-through" in style,
            hidden=(parent is not None and parent.hidden)
            or "hidden" in attributes
            or bool(style and _hidden_style.search(style))
            or traits.hidden,
            link=link,
            itemprop=attributes.get("itemprop") or "",
            parent=parent,
        )

    def locator(self, node: LexborNode) -> str:
        """A CSS selector that leads to the element: its nearest id, then tags and classes."""
        steps: list[str] = []
        at: LexborNode | None = node
        while at is not None and at.is_element_node and at.tag not in ("body", "html") and len(steps) < 5:
            attributes = at.attributes
            if (identity := attributes.get("id")) and re.fullmatch(r"[A-Za-z][\w-]*", identity):
                steps.append(f"{at.tag}#{identity}")
                break
            classes = [
                name for name in (attributes.get("class") or "").split() if re.fullmatch(r"[A-Za-z_][\w-]*", name)
            ]
            steps.append(".".join([at.tag or "*", *classes[:2]]))
            at = at.parent
        return " > ".join(reversed(steps))[:1000]
