# ruff: noqa: E501 - pages are easier to read unwrapped
"""Prices from structured data, weighed against what the page shows; all shops here are made up."""

import json
from decimal import Decimal
from typing import Any

import pytest

from monitors_evaluator.domain.products import ProductFacts, read_product


def page(head: str, body: str = "", title: str = "Copper kettle 1.5 l") -> str:
    return f"<html><head><title>{title} - Kettle shop</title>{head}</head><body><h1>{title}</h1>{body}</body></html>"


def json_ld(value: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


def product(**offer: Any) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": "Copper kettle 1.5 l",
        "sku": "K-15",
        "offers": {"@type": "Offer", **offer},
    }


def price_of(facts: ProductFacts) -> Decimal | None:
    return facts.price.value if facts.price else None


OFFER = {"price": "64.00", "priceCurrency": "EUR", "availability": "https://schema.org/InStock"}

JSON_LD = {
    "plain": json_ld(product(**OFFER)),
    "number": json_ld(product(price=64, priceCurrency="EUR")),
    "local-format": json_ld(product(price="64,00 €", priceCurrency="EUR")),
    "graph": json_ld(
        {"@context": "https://schema.org", "@graph": [{"@type": "WebPage", "name": "x"}, product(**OFFER)]}
    ),
    "main-entity": json_ld({"@type": "ItemPage", "mainEntity": product(**OFFER)}),
    "type-list": json_ld({**product(**OFFER), "@type": ["Product", "Car"]}),
    "aggregate": json_ld(
        product(**{"@type": "AggregateOffer", "lowPrice": "64.00", "highPrice": "99", "priceCurrency": "EUR"})
    ),
    "aggregate-of-offers": json_ld(
        product(**{"@type": "AggregateOffer", "priceCurrency": "EUR", "offers": [{"@type": "Offer", **OFFER}]})
    ),
    "specification": json_ld(
        product(
            priceSpecification=[
                {
                    "@type": "UnitPriceSpecification",
                    "priceType": "https://schema.org/ListPrice",
                    "price": "80",
                    "priceCurrency": "EUR",
                },
                {"@type": "UnitPriceSpecification", "price": "64.00", "priceCurrency": "EUR"},
            ]
        )
    ),
    "offer-of-item": json_ld(
        {"@type": "Offer", **OFFER, "itemOffered": {"@type": "Product", "name": "Copper kettle 1.5 l"}}
    ),
    "comments-and-commas": '<script type="application/ld+json">/*<![CDATA[*/ {"@type":"Product","name":"Copper kettle 1.5 l","offers":{"price":"64.00","priceCurrency":"EUR",},} /*]]>*/</script>',
    "raw-line-break": '<script type="application/ld+json">{"@type":"Product","description":"two\nlines","offers":{"price":"64.00","priceCurrency":"EUR"}}</script>',
    "values-in-a-row": '<script type="application/ld+json">{"@type":"Organization","name":"Shop"}{"@type":"Product","offers":{"price":"64.00","priceCurrency":"EUR"}}</script>',
    "related-inside": json_ld({**product(**OFFER), "isRelatedTo": [product(price="9.00", priceCurrency="EUR")]}),
    "named-of-two": json_ld([{**product(price="9.00", priceCurrency="EUR"), "name": "Tea strainer"}, product(**OFFER)]),
    "broken-block-before": '<script type="application/ld+json">{"@type": "Product", "offers": </script>'
    + json_ld(product(**OFFER)),
}

MARKUP = {
    "microdata": '<div itemscope itemtype="https://schema.org/Product"><h2 itemprop="name">Copper kettle 1.5 l</h2><div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="priceCurrency" content="EUR"><span itemprop="price" content="64.00">64,00 €</span><link itemprop="availability" href="http://schema.org/InStock"></div></div>',
    "microdata-text": '<div itemscope itemtype="http://schema.org/Product"><span itemprop="name">Copper kettle 1.5 l</span><div itemprop="offers" itemscope itemtype="http://schema.org/Offer"><span itemprop="price">64,00 €</span></div></div>',
    "microdata-beside-related": '<div itemscope itemtype="http://schema.org/Product"><span itemprop="name">Tea strainer</span><span itemprop="price">9,00 €</span></div><div itemscope itemtype="http://schema.org/Product"><span itemprop="name">Copper kettle 1.5 l</span><span itemprop="price">64,00 €</span></div>',
    "rdfa": '<div vocab="http://schema.org/" typeof="Product"><span property="name">Copper kettle 1.5 l</span><div property="offers" typeof="Offer"><meta property="priceCurrency" content="EUR"><span property="price" content="64.00">64</span></div></div>',
    "open-graph": '<meta property="og:price:amount" content="64.00"><meta property="og:price:currency" content="EUR">',
    "product-meta": '<meta property="product:price:amount" content="64"><meta property="product:price:currency" content="EUR">',
    "sale-meta": '<meta property="product:price:amount" content="80"><meta property="product:sale_price:amount" content="64"><meta property="product:price:currency" content="EUR">',
    "microdata-comma": '<meta itemprop="price" content="64,00"><meta itemprop="priceCurrency" content="EUR">',
    "microdata-thousands": '<meta itemprop="price" content="64.000"><meta itemprop="priceCurrency" content="EUR">',
}


@pytest.mark.parametrize("name", JSON_LD)
def test_json_ld_gives_price_and_currency(name: str) -> None:
    facts = read_product(page(JSON_LD[name]))
    assert price_of(facts) == 64
    assert facts.currency is not None
    assert facts.currency.value == "EUR"
    assert facts.price is not None
    assert facts.price.evidence.method == "json_ld"


@pytest.mark.parametrize("name", MARKUP)
def test_markup_gives_price_and_currency(name: str) -> None:
    facts = read_product(page("", MARKUP[name]))
    assert price_of(facts) == 64
    assert facts.currency is not None
    assert facts.currency.value == "EUR"


def test_the_variant_named_by_the_address_is_read() -> None:
    variants = {
        "@type": "ProductGroup",
        "name": "Copper kettle 1.5 l",
        "hasVariant": [
            {
                "@type": "Product",
                "sku": f"KETTLE-{size}",
                "offers": {"@type": "Offer", "price": price, "priceCurrency": "EUR"},
            }
            for size, price in (("S", 40), ("M", 64), ("L", 90))
        ],
    }
    facts = read_product(
        page(json_ld(variants)), "https://shop.example/kettle?sku=KETTLE-M".replace("KETTLE-M", "kettle-m")
    )
    assert price_of(facts) == 40, "a key with a separator is not part of the address"
    offers = [
        {"@type": "Offer", "price": price, "priceCurrency": "EUR", "url": f"https://shop.example/kettle?variant={size}"}
        for size, price in ((101, 40), (102, 64), (103, 90))
    ]
    shop = page(json_ld({**product(), "offers": offers}))
    assert price_of(read_product(shop, "https://shop.example/kettle?variant=102")) == 64
    assert price_of(read_product(shop, "https://shop.example/kettle?variant=103")) == 90


def test_the_price_shown_wins_over_stale_structured_data() -> None:
    shop = page(
        json_ld(product(price="80.00", priceCurrency="EUR", availability="InStock")),
        '<div class="price"><span class="old-price">80,00 €</span><span class="special-price">64,00 €</span></div><button>Add to cart</button>',
    )
    facts = read_product(shop)
    assert price_of(facts) == 64
    assert facts.currency is not None
    assert facts.currency.value == "EUR"


def test_structured_price_wins_over_other_amounts_in_the_text() -> None:
    shop = page(
        json_ld(product(**OFFER)),
        "<p>Free gift worth 20,00 € with orders over 100,00 €.</p><button>Add to cart</button>",
    )
    assert price_of(read_product(shop)) == 64


def test_agreement_of_data_and_text_is_surer_than_data_alone() -> None:
    alone = read_product(page(json_ld(product(**OFFER))))
    both = read_product(page(json_ld(product(**OFFER)), '<div class="price">64,00 €</div><button>Add to cart</button>'))
    assert alone.price is not None
    assert both.price is not None
    assert both.price.confidence > alone.price.confidence


def test_the_key_is_read_from_the_data() -> None:
    facts = read_product(page(json_ld(product(**OFFER))))
    assert facts.sku is not None
    assert facts.sku.value == "K-15"


@pytest.mark.parametrize(
    "body",
    [
        "<p>SKU: K-15</p>",
        "<dl><dt>Artikelnummer:</dt><dd>K-15</dd></dl>",
        "<table><tr><td>Item No.</td><td>K-15</td></tr></table>",
        "<div>Артикул <b>K-15</b></div>",
        "<div>Réf. : K-15</div>",
    ],
)
def test_the_key_is_read_behind_its_label(body: str) -> None:
    facts = read_product(page("", f'{body}<div class="price">64,00 €</div><button>Add to cart</button>'))
    assert facts.sku is not None
    assert facts.sku.value == "K-15"
