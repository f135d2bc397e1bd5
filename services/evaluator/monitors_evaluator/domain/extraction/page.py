"""A fetched page and its views, each parsed at most once."""

import csv
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - no stubs
from pydantic import JsonValue
from selectolax.lexbor import LexborHTMLParser

from .blocks import Outline
from .outline import outline_of_html
from .plaintext import outline_of_text
from .words import normalise, squeeze

Form = Literal["html", "json", "xml", "csv", "text"]

# What stands where the page should be. Only short pages count: a long one that mentions cookies is a page.
_WALL = re.compile(
    r"verify(ing)? (that )?you('re| are) (a )?human|are you (a )?(human|robot)|not a robot|captcha|access (is |"
    r"was )?denied|"
    r"checking your browser|unusual traffic|enable (javascript|cookies)|too many requests|request blocked|"
    r"(accept|consent to|agree to)( all| our| the use of)? cookies|before you continue|we value your privacy|"
    r"(sign|log) in to (continue|view|see)|attention required|just a moment|service unavailable|bad gateway|"
    r"internal server error|page not found|temporarily (down|unavailable) for maintenance|under maintenance|"
    r"403 forbidden"
)
_WALL_LENGTH = 700


@dataclass(frozen=True)
class Page:
    """What a source answered: its text, its media type and where it was."""

    content: str
    content_type: str
    url: str = ""

    @cached_property
    def form(self) -> Form:
        """How the content is to be read, by its media type and, where that says little, by its first characters."""
        kind = self.content_type.partition(";")[0].strip().casefold()
        start = self.content[:500].lstrip("\ufeff \t\r\n")
        if "json" in kind:
            return "json"
        if "html" in kind:
            return "xml" if re.match(r"<\?xml[^>]*>\s*<(rss|feed|rdf)", start, re.IGNORECASE) else "html"
        if "xml" in kind:
            return "html" if re.search(r"<html[\s>]", start, re.IGNORECASE) else "xml"
        if "csv" in kind or "tab-separated" in kind:
            return "csv"
        if start[:1] in {"{", "["} and self._as_json is not None:
            return "json"
        if start.startswith("<?xml"):
            return "xml"
        if re.match(r"<(!doctype html|html|head|body)", start, re.IGNORECASE):
            return "html"
        return "text"

    @cached_property
    def html(self) -> LexborHTMLParser:
        """The document tree; empty when the content is no HTML."""
        return LexborHTMLParser(self.content if self.form == "html" else "")

    @cached_property
    def data(self) -> JsonValue:
        """JSON, XML and CSV as one kind of nested data; None when there is none or it does not parse."""
        match self.form:
            case "json":
                return self._as_json
            case "xml":
                return self._as_xml
            case "csv":
                return self._as_csv
            case _:
                return None

    @cached_property
    def embedded(self) -> list[JsonValue]:
        """Data that an HTML page carries in its scripts, in their order."""
        found: list[JsonValue] = []
        for script in self.html.css("script"):
            kind = (script.attributes.get("type") or "").casefold()
            text = (script.text() or "").strip()
            if "json" in kind:
                found.append(_loads(text))
            elif match := re.match(r"(?:window\.|var |let |const |self\.)[\w.$\[\]'\"]+\s*=\s*(?=[{\[])", text):
                found.append(_loads(text[match.end() :]))
        return found

    @cached_property
    def outline(self) -> Outline:
        """The page as a reader sees it: blocks under headings, and tables."""
        if self.form == "html":
            return outline_of_html(self.html)
        return outline_of_text(self.content) if self.form == "text" else Outline()

    @cached_property
    def title(self) -> str:
        """The HTML title."""
        node = self.html.css_first("title")
        return squeeze(node.text()) if node is not None else ""

    @cached_property
    def heading(self) -> str:
        """The first main heading."""
        node = self.html.css_first("h1")
        return squeeze(node.text()) if node is not None else ""

    @cached_property
    def _shows_much(self) -> bool:
        """A look at the text that costs no outline: so much of it that it is no wall."""
        body = self.html.body
        if self.form != "html" or body is None:
            return False
        unseen = sum(len(node.text()) for node in body.css("script, style, template, noscript"))
        return len(body.text()) - unseen > 4 * _WALL_LENGTH

    @cached_property
    def is_wall(self) -> bool:
        """True for a captcha, a cookie or sign-in wall, an error page or an empty one: it says nothing of any fact."""
        if not self.content.strip():
            return True
        if self.form == "json":
            return self.data is None
        if self.form not in ("html", "text"):
            return False
        if self._shows_much or sum(len(block.text) for block in self.outline.blocks) >= _WALL_LENGTH:
            return False
        shown = normalise(" ".join((self.outline.title, self.outline.text)))
        return len(shown) < _WALL_LENGTH and bool(_WALL.search(shown))

    @cached_property
    def _as_json(self) -> JsonValue:
        return _loads(self.content)

    @cached_property
    def _as_xml(self) -> JsonValue:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
        try:
            root = etree.fromstring(self.content.lstrip("\ufeff \t\r\n").encode("utf-8", "replace"), parser)
        except (etree.XMLSyntaxError, ValueError):
            return None
        return None if root is None else {_local(root.tag): _element(root, 0)}

    @cached_property
    def _as_csv(self) -> JsonValue:
        lines = self.content.lstrip("\ufeff").splitlines()
        separator = max(",;\t|", key=(lines[0] if lines else "").count)
        try:
            rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator) if any(row)]
        except csv.Error:
            return None
        header, *body = rows or [[]]
        return [{name or f"column {at}": row[at] for at, name in enumerate(header) if at < len(row)} for row in body]


def _loads(text: str) -> JsonValue:
    """The JSON value at the start of a text; None when there is none."""
    try:
        return json.JSONDecoder().raw_decode(text.lstrip("\ufeff \t\r\n"))[0]
    except (ValueError, RecursionError):
        return None


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _element(element: Any, depth: int) -> JsonValue:
    """An XML element as data: attributes and children by name, repeated children as a list, text alone as text."""
    text = (element.text or "").strip()
    fields: dict[str, JsonValue] = {_local(name): str(value) for name, value in element.attrib.items()}
    if depth < 40:
        for child in element:
            name = _local(child.tag)
            if not name:
                continue
            value = _element(child, depth + 1)
            known = fields.get(name)
            if known is None:
                fields[name] = value
            elif isinstance(known, list):
                known.append(value)
            else:
                fields[name] = [known, value]
    if not fields:
        return text
    if text:
        fields["text"] = text
    return fields
