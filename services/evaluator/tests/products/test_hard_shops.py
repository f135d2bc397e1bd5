# ruff: noqa: E501 - pages are easier to read unwrapped
"""Pages that mislead: many prices, stale or broken data, scripts instead of text; all shops here are made up."""

from decimal import Decimal

import pytest

from monitors_evaluator.domain.products import read_product

TITLE = "Garden Lantern Oslo"


def html(body: str, head: str = "", title: str = f"{TITLE} | Lights & more") -> str:
    return f"<!doctype html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


H1 = f"<h1>{TITLE}</h1>"
OFFERS = '<script type="application/ld+json">{"@type":"Product","name":"Garden Lantern Oslo","offers":%s}</script>'

HARD = {
    "marketplace-with-other-sellers": html(
        f"<div id='centerCol'>{H1}<div id='corePrice'><span class='a-price aok-align-center'><span class='a-offscreen'>$54.99</span><span aria-hidden='true'><span class='a-price-symbol'>$</span>"
        "<span class='a-price-whole'>54<span class='a-price-decimal'>.</span></span><span class='a-price-fraction'>99</span></span></span><span class='a-size-small'>($5.50 / oz)</span></div>"
        "<div>List Price: <span class='a-text-strike'>$69.99</span></div></div><div id='rightCol'><div id='buybox'><span class='a-color-price'>$54.99</span><div>FREE delivery on orders over $35</div>"
        "<input type='submit' id='add-to-cart-button' value='Add to Cart'></div><div id='mbc'>Other Sellers on Shop <div class='mbc-offer'><span class='a-color-price'>$49.00</span> + $9.99 shipping</div></div></div>"
        "<div id='sims-carousel' class='a-carousel'><a href='/dp/2'><span class='a-color-price'>$12.99</span></a><a href='/dp/3'><span class='a-color-price'>$14.99</span></a></div>"
    ),
    "auction-house": html(
        f"{H1}<div class='item-bid'><span>Current bid:</span><span class='notranslate'>US $54.99</span><span>[ 12 bids ]</span></div><div>Shipping: <span>US $15.20</span> Standard</div><button>Place bid</button>"
    ),
    "was-now": html(f"{H1}<div><span>Now $54.99</span><span>Was <span>$79.99</span></span><span>You save $25.00</span></div><button>Add to cart</button>"),
    "price-range-variants": html(
        f"{H1}<div class='product-price'><span>US $54.99 - 89.99</span></div><ul class='sku-list'><li>S</li><li>L</li></ul><button>Buy Now</button>"
    ),
    "book-formats": html(
        f"{H1}<ul class='formats'><li><a href='/f/1'>Kindle $9.99</a></li><li><a href='/f/2'>Paperback $14.99</a></li></ul><div class='buybox'><div class='price'>$54.99</div><button>Add to basket</button></div>"
    ),
    "grocery": html(f"{H1}<div class='pdp'><span class='value'>54.99 €</span><span class='per'>(109.98 €/kg)</span></div><button>In den Warenkorb</button>"),
    "classified": html(f"<h1>{TITLE}</h1><h2 class='ad-price'>54.99 €</h2><ul><li>Reg: 2015</li><li>120 000 km</li></ul><a class='button' href='/contact'>Contact seller</a>"),
    "no-h1": html(f"<div class='breadcrumb'><a href='/'>Home</a></div><div class='ttl'>{TITLE}</div><div class='cost'>54.99 €</div><a href='/cart/add/7' class='btn-buy'>Buy</a>"),
    "logo-h1-first": html(f"<h1 class='logo'><a href='/'>Lights & more</a></h1><div class='col'><h2 class='title' itemprop='name'>{TITLE}</h2><b>54.99 €</b><button>Buy now</button></div>"),
    "price-in-buy-link": html(f"{H1}<a class='btn-add-to-cart' href='/cart/add?id=7'>Add to cart - $54.99</a>"),
    "second-price-after-tabs": html(f"{H1}<div class='price'>£54.99</div><button>Add to bag</button><div class='tabs'><p>Spare glass £8.00, postage £3.99</p></div>"),
    "bundle": html(f"{H1}<div class='price'>£54.99</div><button>Add to bag</button><div class='frequently-bought-together'><span class='price'>£54.99</span>+<span class='price'>£8.00</span> Total price: <span class='price'>£62.99</span></div>"),
    "club-points": html(f"{H1}<div class='price'>54,99 €</div><div>Sie erhalten 549 Punkte</div><div>ab 5,10 € mtl.</div><button>In den Warenkorb</button>"),
    "bulk-table": html(f"{H1}<div class='price'>$54.99</div><table class='tier-prices'><tr><td>10+</td><td>$49.99</td></tr><tr><td>50+</td><td>$44.99</td></tr></table><button>Add to cart</button>"),
    "sticky-bar-and-modal": html(
        f"<div class='sticky'><span>{TITLE}</span><span class='price'>$54.99</span></div>{H1}<div class='price'>$54.99</div><button>Add to cart</button><div class='modal' style='display:none'><div class='price'>$0.99</div></div>"
    ),
    "options-with-surcharge": html(f"{H1}<div class='price'>$54.99</div><label><input type=radio name=o> Gift wrap <span class='price'>+$4.00</span></label><button>Add to cart</button>"),
    "cents-in-own-element": html(f"{H1}<div class='price'><span class='euros'>54</span><span class='cents'>99</span> <span>€</span></div><button>In winkelwagen</button>"),
    "cents-behind-comma": html(f"{H1}<div class='prix'>54<span>,99</span> €</div><button>Ajouter au panier</button>"),
    "currency-before-in-own-element": html(f"{H1}<div><span>EUR</span> <span>54.99</span></div><button>Buy now</button>"),
    "thousands-dot-in-data": html(f"{H1}<div class='precio'>$54.990</div><button>Comprar</button>", OFFERS % '{"price":"54.990","priceCurrency":"CLP"}'),
    "broken-json": html(H1, OFFERS % '{"price":"54.99","priceCurrency":"EUR","description":"the "best" lantern"}'),
    "wrong-product-in-data": html(
        f"{H1}<div class='price'>$54.99</div><button>Add to cart</button>",
        '<script type="application/ld+json">{"@type":"ItemList","itemListElement":[{"@type":"ListItem","item":{"@type":"Product","name":"Other lamp","offers":{"price":"9.00"}}}]}</script>',
    ),
    "data-in-cents": html(f"{H1}<div class='price'>$54.99</div><button>Add to cart</button>", OFFERS % '{"price":5499,"priceCurrency":"USD"}'),
    "next-data": html(
        H1,
        '<script id="__NEXT_DATA__" type="application/json">{"props":{"pageProps":{"related":[{"name":"Other lamp","price":9}],"product":{"name":"Garden Lantern Oslo","sku":"L-1","price":{"current":{"value":54.99,"currency":"EUR"}}}}}}</script>',
    ),
    "initial-state": html(H1, '<script>window.__STATE__ = {"product":{"title":"Garden Lantern Oslo","listPrice":79.99,"salePrice":"54.99","currency":"EUR"}};</script>'),
    "data-layer": html(H1, '<script>dataLayer.push({"ecommerce":{"detail":{"products":[{"name":"Garden Lantern Oslo","id":"L-1","price":"54.99"}]}}});</script>'),
    "event-tickets": html(H1 + "<p><strong>Tickets:</strong> $54.99</p><a class='btn' href='/buy/1'>Get tickets</a>", '<script type="application/ld+json">{"@type":"Event","name":"Garden Lantern Oslo","offers":{"@type":"Offer","price":"54.99","priceCurrency":"USD"}}</script>'),
    "app": html(H1, '<script type="application/ld+json">{"@type":"SoftwareApplication","name":"Garden Lantern Oslo","offers":[{"@type":"Offer","price":"54.99","priceCurrency":"USD"}]}</script>'),
    "labels-in-rows": html(f"{H1}<div><div>Price</div><div>54.99 USD</div></div><div><div>Shipping</div><div>9.99 USD</div></div><a class='btn' href='/buy'>Buy</a>"),
    "fraction-and-cents-with-instalments": html(
        f"{H1}<div class='pdp-price'><span class='money'><span>US$</span><span class='money__fraction'>54</span><span class='money__cents'>99</span></span>"
        "<div>em <span>12x <span class='money'><span>US$</span><span class='money__fraction'>4</span><span>,</span><span class='money__cents'>58</span></span></span></div></div><button>Comprar agora</button>"
    ),
    "usual-and-offer-price": html(f"{H1}<div class='precio'>Precio normal: $64,99</div><div class='precio-oferta'>Precio oferta: $54,99</div><button>Agregar al carro</button>"),
    "price-attribute-and-earlier-price": html(
        f"{H1}<div class='price-container'><div class='price-wrapper' data-price-amount='54.99'><span class='price'>54,99&nbsp;€</span></div></div>"
        "<div class='price-container'><span class='price-label'>Früher</span><span class='price'>64,99&nbsp;€</span></div><button>In den Warenkorb</button>"
    ),
    "deep-in-a-long-page": html(f"{H1}<p>{'A lantern for long evenings. ' * 200}</p><div class='product-price'><b>54,99 €</b></div><button>In den Warenkorb</button>"),
}  # fmt: skip

EXPECTED = {"thousands-dot-in-data": Decimal(54990)}


@pytest.mark.parametrize("name", HARD)
def test_the_price_to_pay_is_found(name: str) -> None:
    facts = read_product(HARD[name], "https://shop.example/garden-lantern-oslo")
    assert facts.price is not None
    assert facts.price.value == EXPECTED.get(name, Decimal("54.99"))


GONE = {
    "disabled-sold-out-beside-express-checkout": html(f"{H1}<div class='price'>$54.99</div><form><button type='submit' disabled><span>Sold out</span></button><button class='express'>Buy it now</button></form>"),
    "class-of-the-product": html(f"<div class='product type-product outofstock'>{H1}<p class='price'>$54.99</p></div>"),
    "stale-data-and-notice": html(f"{H1}<div class='price'>$54.99</div><div class='availability'>This item is currently unavailable.</div>", OFFERS % '{"price":"54.99","availability":"InStock"}'),
    "ended-listing": html(f"{H1}<div class='price'>$54.99</div><div>This listing has ended.</div>"),
    "long-notice": html(f"{H1}<div class='price'>$54.99</div><p>We're sorry, this item is out of stock at the moment. Click here and we will write to you as soon as it is back.</p>"),
    "back-soon": html(f"{H1}<div class='price'>$54.99</div><p>Temporarily out of stock - back soon</p>"),
    "notify-button-with-cart-class": html(f"{H1}<div class='price'>$54.99</div><button class='add-to-cart'>Notify me when available</button>"),
    "ausverkauft-with-list-below": html(
        f"{H1}<div class='price'>$54.99</div><div>Leider ausverkauft</div><section class='x9'>"
        + "".join(f"<div class='c7'><a href='/p/{n}'>Lampe {n}</a><i>{n}1,00 €</i><button class='b3'>In den Warenkorb</button></div>" for n in range(1, 6))
        + "</section>"
    ),
    "all-variants-gone": html(H1, OFFERS % '[{"price":"54.99","availability":"OutOfStock"},{"price":"54.99","availability":"OutOfStock"}]'),
    "meta": html(f"{H1}<div class='price'>$54.99</div>", '<meta property="product:availability" content="oos"><meta property="og:price:amount" content="54.99">'),
    "microdata": html(f"<div itemscope itemtype='http://schema.org/Product'><h1 itemprop='name'>{TITLE}</h1><div itemprop='offers' itemscope itemtype='http://schema.org/Offer'><span itemprop='price'>54.99</span><link itemprop='availability' href='http://schema.org/OutOfStock'></div></div>"),
}  # fmt: skip


@pytest.mark.parametrize("name", GONE)
def test_what_is_gone_is_out_of_stock_and_keeps_its_price(name: str) -> None:
    facts = read_product(GONE[name])
    assert facts.availability is not None
    assert facts.availability.value == "OutOfStock"
    assert facts.price is not None
    assert facts.price.value == Decimal("54.99")


THERE = {
    "one-variant-left": html(H1, OFFERS % '[{"price":"54.99","availability":"OutOfStock"},{"price":"54.99","availability":"InStock"}]'),
    "price-alert": html(f"{H1}<div class='price'>$54.99</div><a href='#'>Notify me of price changes</a>", OFFERS % '{"price":"54.99","availability":"InStock"}'),
    "newsletter": html(f"{H1}<div class='price'>$54.99</div><p>Notify me</p>", OFFERS % '{"price":"54.99","availability":"InStock"}'),
    "store-stock": html(f"{H1}<div class='price'>$54.99</div><button>Add to cart</button><div class='store-list'>Not available in store</div>"),
    "general-rule": html(f"{H1}<div class='price'>$54.99</div><p>Wenn ein Artikel nicht lieferbar ist, melden wir uns.</p><button>In den Warenkorb</button>"),
    "low-stock": html(f"{H1}<div class='price'>$54.99</div><p>Almost sold out!</p><button>Add to cart</button>"),
}  # fmt: skip


@pytest.mark.parametrize("name", THERE)
def test_what_is_there_is_in_stock(name: str) -> None:
    facts = read_product(THERE[name])
    assert facts.availability is not None
    assert facts.availability.value == "InStock"
