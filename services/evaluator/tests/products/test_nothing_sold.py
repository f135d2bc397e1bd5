# ruff: noqa: E501 - pages are easier to read unwrapped
"""Pages without one product's price: nothing is invented for them, and nothing makes the reader fail."""

import json

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
    "home": "<html><head><title>Kettle shop - pots and kettles</title></head><body><h1>Kettle shop</h1><section><h2>Deals of the day</h2>"
    + "".join(
        f'<div class="deal"><h3>Kettle {n}</h3><div class="now">${n}4.00</div><div class="was">${n}9.00</div><button>Add to cart</button></div>'
        for n in range(1, 7)
    )
    + "</section></body></html>",
    "search": "<html><head><title>Search: kettle</title></head><body><h1>3 results for kettle</h1>"
    + "".join(
        f'<div class="css-{n}1x"><a href="/p/{n}">Kettle {n}</a><div class="css-9p">{n}9,00 €</div></div>'
        for n in range(1, 4)
    )
    + "</body></html>",
    "review": "<html><head><title>The best kettles of the year</title></head><body><h1>The best kettles of the year</h1><article><h2>Our pick: Kettle 3</h2><p>The price was $39.00 when we bought it.</p>"
    "<a href='https://other.example/k3' class='button'>$39 at Other Shop</a><h2>Runner-up: Kettle 5</h2><a href='https://other.example/k5' class='button'>$59 at Other Shop</a></article></body></html>",
    "forum": "<html><head><title>Is this kettle worth it?</title></head><body><h1>Is this kettle worth it?</h1><div class='post'>I paid 45 € last year.</div><div class='post'>Saw it for 39 € in Berlin.</div></body></html>",
    "delivery-terms": "<html><head><title>Delivery and returns</title></head><body><h1>Delivery and returns</h1><table><tr><td>Standard</td><td>£3.99</td></tr><tr><td>Express</td><td>£7.99</td></tr></table></body></html>",
    "plans": "<html><head><title>Pricing</title></head><body><h1>Pricing</h1>"
    + "".join(
        f'<div class="plan"><h3>Plan {n}</h3><div class="price">${n}9<span>/month</span></div><a class="btn" href="/buy/{n}">Buy now</a></div>'
        for n in range(1, 5)
    )
    + "</body></html>",
    "article-with-og": '<html><head><title>Kettle news</title><meta property="og:type" content="article"></head><body><h1>Kettle news</h1><p>Fees rose from $5.00 to $6.00.</p></body></html>',
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
@settings(max_examples=60, deadline=None)
def test_mangled_pages_never_fail(data: st.DataObject) -> None:
    html = SOUND
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(html)))
        end = min(len(html), start + data.draw(st.integers(0, 60)))
        html = html[:start] + data.draw(st.text(max_size=12)) + html[end:]
    assert isinstance(read_product(html, data.draw(st.none() | st.text(max_size=20))), ProductFacts)


@given(st.text(alphabet=st.characters(), max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_text_gives_facts_and_a_record(text: str) -> None:
    record = product_record("1", read_product(text, text))
    assert set(record) == {"id", "price", "currency", "availability", "sku", "evidence"}


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["@type", "offers", "price", "priceCurrency", "sku", "availability", "priceSpecification", "hasVariant", "name", "url", "@graph"]), inner, max_size=4), max_leaves=20))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_json_ld_gives_facts(value: object) -> None:
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
