"""Does this HTML show its content only after its scripts have run?

Evidence is required on both sides: something that looks unfinished, and nothing else that could be what the person came
for. A wrong "yes" costs a second of a browser's time; a wrong "no" reads a page that is not there yet.
"""

import re
from itertools import islice

from selectolax.lexbor import LexborNode

from .html import HtmlPage, squeeze

_SHORT = 200
_SUBSTANTIAL = 600
_MAX_NODES = 2000

_LOADING = re.compile(
    r"(?:(?:is |still )?(?:loading|fetching|updating|retrieving|please wait|one moment|just a moment|initiali[sz]ing)"
    r"|wird geladen|lädt|chargement|cargando|caricamento|carregando|laden|indlæser|laster|laddar|ładowanie|načítání"
    r"|загрузка|завантаження|yükleniyor|読み込み中|加载中|載入中|로딩 ?중)"
    r"(?:[\s.…!]*|(?: [\w'’]+){1,4}\s*(?:…|\.{2,}))",
    re.IGNORECASE,
)
_BLANK = re.compile(r"[-–—….?\s]*")
_ROOT = re.compile(
    r"(?:react-?|vue-?|my-?|main-?|page-?)?(?:app|application|root|spa)(?:-?(?:root|container|mount|content|main))?"
    r"|__next|__nuxt|___gatsby|svelte|ember-?app|q-app|main-view|mount",
    re.IGNORECASE,
)
_WAITING_CLASS = re.compile(r"skeleton|spinner|shimmer|loader\b|\bloading\b|placeholder-glow", re.IGNORECASE)
_ENABLE_SCRIPTS = re.compile(
    r"(?:enable|activate|requires?|turn(?:ed)? on|needs?|without|allow|aktivieren|activ[ea]r?|habilit\w+|attiva\w*)"
    r"\W+(?:\w+\W+){0,4}javascript|javascript\W+(?:\w+\W+){0,4}(?:required|disabled|enabled?|needed|aktivieren|activ\w+|off)",
    re.IGNORECASE,
)
_WRITES_TO = re.compile(
    r"""(?:getElementById\(\s*|querySelector\(\s*|\$\(\s*|mount\(\s*|createRoot\(\s*)["'`][#]?([\w:-]{1,64})["'`]"""
)
_CONTAINERS = "div, section, article, main, ul, ol, tbody, table, dl, p, span, strong, output, td"
_SHOWS_ITSELF = "img, picture, video, canvas, iframe, object, input, textarea, select, button"


def needs_browser(page: HtmlPage) -> str | None:
    """The named reason why this page must be rendered, or None when it can be read as it is.

    Reasons: `refresh`, `asks-for-scripts`, `app-root`, `placeholder`, `filled-by-script`, `no-content`.
    """
    if page.refresh and len(page.text) < _SHORT:
        return "refresh"
    main, text = page.main, page.main_text
    if not page.scripts or main is None or len(text) >= _SUBSTANTIAL or page.has_structured_data:
        return None
    nodes = [main, *islice(main.css("*"), _MAX_NODES)]
    own = _own_text(nodes, text)
    if _ENABLE_SCRIPTS.search(text):
        return "asks-for-scripts"
    if any(_is_placeholder(node) for node in nodes):
        return "placeholder"
    if _filled_by_script(page, nodes):
        return "filled-by-script"
    if len(own) < _SHORT:
        if any(_is_empty_root(node) for node in nodes):
            return "app-root"
        if _ENABLE_SCRIPTS.search(page.noscript):
            return "asks-for-scripts"
    if not own and any(_is_bare(node) for node in main.css(_CONTAINERS)):
        return "no-content"
    return None


def _own_text(nodes: list[LexborNode], text: str) -> str:
    """The main part's text without its headings and controls."""
    for node in nodes:
        if node.tag in ("h1", "h2", "h3", "button", "label", "a"):
            text = text.replace(squeeze(node.text(separator=" ")), "", 1)
    return text.strip()


def _words(node: LexborNode) -> str:
    return squeeze(node.text(separator=" "))


def _is_placeholder(node: LexborNode) -> bool:
    if node.tag in ("a", "button", "title", "option", "label"):
        return False
    words = _words(node)
    if not words:
        marks = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
        return bool(_WAITING_CLASS.search(marks)) or node.attributes.get("aria-busy") == "true"
    return len(words) <= 60 and bool(_LOADING.fullmatch(words))


def _is_empty_root(node: LexborNode) -> bool:
    named = any(_ROOT.fullmatch(node.attributes.get(key) or "") for key in ("id", "data-id"))
    custom = "-" in (node.tag or "") and bool(re.search(r"app|root|view|page|main|shell", node.tag or ""))
    marked = any(
        key in node.attributes for key in ("ng-app", "data-reactroot", "v-cloak", "ng-cloak", "data-server-rendered")
    )
    return (named or custom or marked) and _is_bare(node)


def _is_bare(node: LexborNode) -> bool:
    return not _words(node) and node.css_first(_SHOWS_ITSELF) is None


def _filled_by_script(page: HtmlPage, nodes: list[LexborNode]) -> bool:
    """Whether an inline script names an element of the main part that is empty or holds a dash."""
    waiting = {
        identifier
        for node in nodes
        if (identifier := node.attributes.get("id"))
        and node.css_first(_SHOWS_ITSELF) is None
        and node.tag not in ("input", "textarea", "select", "button", "form", "img", "canvas", "iframe", "dialog")
        and _BLANK.fullmatch(_words(node))
    }
    return bool(waiting) and any(waiting & set(_WRITES_TO.findall(script.code)) for script in page.scripts)
