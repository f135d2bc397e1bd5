# ruff: noqa: E501 - pages are easier to read unwrapped
"""Pages without one product's price: nothing is invented for them, and nothing makes the reader fail."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors_evaluator.domain.products import ProductFacts, product_record, read_product

CARD = '<li class="product-card"><a href="/p/{0}"><h3>Kettle {0}</h3></a><span class="price">${0}9.00</span><button>Add to cart</button></li>'
CARD_DATA = '{{"@type":"ListItem","position":{0},"item":{{"@type":"Product","name":"Kettle {0}","offers":{{"price":"{0}9.00","priceCurrency":"USD"}}}}}}'

PAGES = {
    "not-found": "<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1><p>The page you want costs us nothing: 404.</p></body></html>",
    "not-found-with-suggestions": "<html><head><title>Page not found</title></head><body><h1>Page not found</h1><h2>You might like</h2><ul>"
    + "".join(CARD.format(n) for n in range(1, 6))
    + "</ul></body></html>",
    "category": "<html><head><title>Kettles | Shop</title></head><body><h1>Kettles</h1><ul class='products'>"
    + "".join(CARD.format(n) for n in range(1, 13))
    + "</ul></body></html>",
    "category-data": '<html><head><title>Kettles | Shop</title><script type="application/ld+json">{"@type":"ItemList","itemListElement":['
    + ",".join(CARD_DATA.format(n) for n in range(1, 5))
    + "]}</script></head><body><h1>Kettles</h1></body></html>",
    "category-microdata": "<html><head><title>Kettles</title></head><body><h1>Kettles</h1>"
    + "".join(
        f'<div class="item" itemscope itemtype="http://schema.org/Product"><a href="/{n}" itemprop="name">Pot {n}</a><span itemprop="price">{n}9.00</span></div>'
        for n in range(1, 6)
    )
    + "</body></html>",
    "blog": "<html><head><title>How we chose a kettle</title></head><body><article><h1>How we chose a kettle</h1><p>After weeks of testing kettles from $20 to $300,"
    " we liked the one that costs $64 best; it saves around €12 a year.</p><p>It boils in 3 minutes.</p></article></body></html>",
    "news": "<html><head><title>Oil climbs to $91 a barrel</title></head><body><h1>Oil climbs to $91 a barrel</h1><p>Traders paid $91.20 on Friday.</p></body></html>",
    "on-request": "<html><head><title>Steam boiler</title></head><body><h1>Steam boiler</h1><div class='price'>Price on request</div><button>Contact us</button></body></html>",
    "zero": '<html><head><title>Steam boiler</title><script type="application/ld+json">{"@type":"Product","name":"Steam boiler","offers":{"price":"0.00","priceCurrency":"USD"}}</script>'
    "</head><body><h1>Steam boiler</h1><div class='price'>$0.00</div></body></html>",
    "empty": "",
    "text": "just some text, 12 lines of it",
    "captcha": "<html><head><title>Just a moment...</title></head><body><h1>Checking your browser</h1><p>Ray ID: 7d3f</p></body></html>",
    "only-shipping": "<html><head><title>Copper kettle</title></head><body><h1>Copper kettle</h1><p>Free shipping on orders over $50.00</p></body></html>",
    "cart-only": "<html><head><title>Copper kettle</title></head><body><header><div class='minicart'>Cart: <span class='price'>$12.00</span></div></header><h1>Copper kettle</h1></body></html>",
}


@pytest.mark.parametrize("name", PAGES)
def test_no_price_is_invented(name: str) -> None:
    assert read_product(PAGES[name], "https://shop.example/kettles").price is None


SOUND = """<html><head><title>Copper kettle</title><script type="application/ld+json">{"@type":"Product","name":"Copper kettle",
"offers":[{"price":"64.00","priceCurrency":"EUR","availability":"InStock"}]}</script><meta property="og:price:amount" content="64"></head>
<body><h1>Copper kettle</h1><div itemscope itemtype="http://schema.org/Product"><span itemprop="price" content="64.00">64,00 €</span></div>
<p class="price"><del>80<sup>00</sup> €</del> 64<sup>00</sup> €</p><form><select><option>1</option></select><button disabled>Buy</button></form></body></html>"""


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_mangled_pages_never_fail(data: st.DataObject) -> None:
    html = SOUND
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(html)))
        end = min(len(html), start + data.draw(st.integers(0, 60)))
        html = html[:start] + data.draw(st.text(max_size=12)) + html[end:]
    assert isinstance(read_product(html, data.draw(st.none() | st.text(max_size=20))), ProductFacts)


@given(st.text(alphabet=st.characters(), max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_facts_and_a_record(text: str) -> None:
    record = product_record("1", read_product(text, text))
    assert set(record) == {"id", "price", "currency", "availability", "sku", "evidence"}


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["@type", "offers", "price", "priceCurrency", "sku", "availability", "priceSpecification", "hasVariant", "name", "url", "@graph"]), inner, max_size=4), max_leaves=20))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_any_json_ld_gives_facts(value: object) -> None:
    import json

    html = f'<html><head><title>x</title><script type="application/ld+json">{json.dumps(value)}</script></head><body><h1>x</h1></body></html>'
    facts = read_product(html, "https://shop.example/x?sku=abcd")
    assert facts.price is None or facts.price.value > 0


@pytest.mark.parametrize(
    "html",
    [
        "\ud800 <h1>\udfff</h1> $5",
        "<h1>" * 3000 + "$5",
        "[" * 5000,
        "<script type='application/ld+json'>" + "[" * 100_000 + "</script>",
        "\x00<h1>a\x00b</h1>$\x005",
    ],
)
def test_hostile_pages_never_fail(html: str) -> None:
    assert isinstance(read_product(html, "http://[bad"), ProductFacts)
