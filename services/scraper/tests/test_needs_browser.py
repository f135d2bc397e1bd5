import pytest

from monitors_scraper.domain.html import HtmlPage
from monitors_scraper.domain.needs_browser import needs_browser

FRAME = (
    "<!doctype html><html><head><title>Shop</title></head><body><header><a href='/'>Home</a> <a href='/a'>About us</a>"
    "</header>{}<footer>© 2026 Example Ltd. All prices include VAT where it applies.</footer></body></html>"
)
COPY = "<p>The kettle is made of copper, holds a litre and a half, and pours without a drop beside the cup.</p>"

UNFINISHED = {
    "loading": "<main><h1>Game console</h1><div id='app'>Loading…</div><script>go()</script></main>",
    "loading with words": "<main><p>Loading current prices...</p></main><script src='/a.js'></script>",
    "german": "<main><h1>Preis</h1><p>Wird geladen …</p></main><script src='/a.js'></script>",
    "react root": "<div id='root'></div><script src='/static/main.js'></script>",
    "angular": "<app-root></app-root><script src='main.js' type='module'></script>",
    "next": "<div id='__next'></div><script src='/_next/main.js'></script>",
    "filled by id": "<main><h1>Trail</h1><b id='s'></b></main><script>document.getElementById('s').textContent='x'</script>",
    "filled dash": "<main><h1>Free</h1><p>Now: <b id='n'>–</b></p></main><script>$('#n').text(5)</script>",
    "skeleton": "<main><h1>Kettle</h1><div class='price skeleton'></div></main><script src='/a.js'></script>",
    "busy": "<main><h1>Kettle</h1><ul aria-busy='true'></ul></main><script src='/a.js'></script>",
    "empty list": "<main><h1>Flats</h1><ul class='list'></ul></main><script src='/a.js'></script>",
    "noscript": (
        "<main><h1>Kettle</h1></main><script src=a.js></script><noscript>Please enable JavaScript to view it.</noscript>"
    ),
    "asks": "<main><p>You need to enable JavaScript to run this app.</p></main><script src=a.js></script>",
    "refresh": "<meta http-equiv='refresh' content='0; url=/real'><p>Redirecting</p>",
}
FINISHED = {
    "static": "<main><h1>Kettle</h1><p>$79.90</p></main>",
    "static with analytics": "<main><h1>Kettle</h1><p>$79.90</p></main><script src='/analytics.js'></script>",
    "static status": "<main><h1>Trail</h1><p>Open</p></main><script>track('page')</script>",
    "only a heading": "<main><h1>Registration is open</h1></main><script src='/analytics.js'></script>",
    "structured data": (
        '<script type="application/ld+json">{"@type": "Product", "offers": {"@type": "Offer", "price": "9"}}</script>'
        "<main><h1>Kettle</h1><div id='buy'></div></main><script src='/a.js'></script>"
    ),
    "microdata": (
        "<main><p itemscope itemtype='https://schema.org/Offer'><b itemprop='price' content='9'>$9</b></p>"
        "<div id='app'></div></main><script src='/a.js'></script>"
    ),
    "much text and an empty root": f"<main>{COPY * 8}<div id='app'></div></main><script src='/a.js'></script>",
    "much text and a late widget": f"<main>{COPY * 8}<p>Loading reviews…</p></main><script src='/a.js'></script>",
    "loading as a word": "<main><h1>Harbour</h1><p>Loading dock open</p></main><script src='/a.js'></script>",
    "no script": "<main><h1>Kettle</h1><div id='app'>Loading…</div></main>",
    "data only": "<main><div id='app'>Loading…</div></main><script type='application/json'>{}</script>",
    "hidden spinner": "<main><p>$79.90</p><div hidden class='spinner'></div></main><script src='/a.js'></script>",
    "footer year": "<main><p>$79.90</p></main><footer id='y'></footer><script>document.getElementById('y').append(1)</script>",
    "form": "<main><p>$79.90</p><form><input id='q'></form></main><script>document.getElementById('q').focus()</script>",
    "slow refresh": "<meta http-equiv='refresh' content='60; url=/self'><p>Temperature: 4 °C</p>",
    "not available": "<main><p>Stock</p><b>n/a</b></main><script src='/a.js'></script>",
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_needs_browser_when_scripts_will_bring_the_content_then_yes(name: str):
    assert needs_browser(HtmlPage(FRAME.format(UNFINISHED[name])))


@pytest.mark.parametrize("name", FINISHED)
def test_needs_browser_when_content_is_there_then_no(name: str):
    assert needs_browser(HtmlPage(FRAME.format(FINISHED[name]))) is None


@pytest.mark.parametrize("source", ["", "<", "\0", "plain words", "<script>", "<main>", "<body></body>"])
def test_needs_browser_when_html_is_odd_then_no_error(source: str):
    page = HtmlPage(source)
    assert needs_browser(page) is None
    assert isinstance(page.text, str)
