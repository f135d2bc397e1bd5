# ruff: noqa: E501
"""Prices that only the page's own text shows, in the markup of many shop systems; all shops here are made up."""

from decimal import Decimal

import pytest

from monitors_evaluator.domain.products import read_product

RELATED = """
<section class="related-products"><h2>You may also like</h2><ul>
<li class="product-item"><a href="/p/1"><span class="name">Blue mug</span><span class="price">{0}</span></a></li>
<li class="product-item"><a href="/p/2"><span class="name">Green mug</span><span class="price">{1}</span></a></li>
<li class="product-item"><a href="/p/3"><span class="name">Red mug</span><span class="price">{2}</span></a></li>
</ul></section>"""


def shop(
    product: str, title: str = "Copper kettle 1.5 l", related: tuple[str, str, str] = ("$3.00", "$4.00", "$5.00")
) -> str:
    """A whole page around a product's markup: menu, heading, related products, footer."""
    return f"""<!doctype html><html><head><title>{title} | Kettle shop</title></head><body class="catalog-product-view">
    <header class="site-header"><nav><a href="/">Home</a><a href="/kettles">Kettles</a></nav>
    <div class="usp">Free shipping on orders over {related[2]}</div><div class="minicart">Cart <span class="price">{related[0]}</span></div></header>
    <main><h1>{title}</h1>{product}<p>{"Boils water on any stove. " * 12}</p></main>
    {RELATED.format(*related)}<footer>Delivery from {related[1]}</footer></body></html>"""


BUY = '<button type="submit" class="btn">Add to cart</button>'

SHOPS = {
    "woocommerce-sale": (
        '<p class="price"><del><span class="woocommerce-Price-amount amount">&pound;45.00</span></del> '
        '<ins><span class="woocommerce-Price-amount amount">&pound;36.00</span></ins></p><form class="cart">' + BUY + "</form>",
        "36", "GBP",
    ),
    "woocommerce-regular": (
        '<p class="price"><span class="woocommerce-Price-amount amount"><bdi>1.299,00&nbsp;<span class="woocommerce-Price-currencySymbol">&euro;'
        "</span></bdi></span></p>" + BUY,
        "1299", "EUR",
    ),
    "magento-special": (
        '<div class="price-box"><span class="old-price"><span class="price-label">Regular Price</span><span class="price">$120.00</span></span>'
        '<span class="special-price"><span class="price-label">Special Price</span><span class="price">$99.50</span></span></div>' + BUY,
        "99.50", "$",
    ),
    "magento-regular-alone": ('<div class="price-box"><span class="regular-price"><span class="price">$120.00</span></span></div>' + BUY, "120", "$"),
    "shopify-compare-at": (
        '<div class="price price--on-sale"><div class="price__regular"><span class="price-item price-item--regular">$80.00</span></div>'
        '<div class="price__sale"><s class="price-item price-item--regular">$80.00</s><span class="price-item price-item--sale">$64.00</span></div></div>'
        '<div class="shopify-payment">Pay in 4 interest-free installments of <span>$16.00</span></div>' + BUY,
        "64", "$",
    ),
    "prestashop": (
        '<div class="product-prices"><div class="product-discount"><span class="regular-price">24,90 €</span></div>'
        '<div class="current-price"><span>19,92 €</span><span class="discount discount-percentage">Économisez 20%</span></div></div>'
        "<button>Ajouter au panier</button>",
        "19.92", "EUR",
    ),
    "bitrix": (
        '<div class="product-item-detail-price-old">5 490 руб.</div><div class="product-item-detail-price-current">4 390 руб.</div>'
        '<div class="item_economy_price">Экономия 1 100 руб.</div><a class="btn" href="javascript:void(0)">В корзину</a>',
        "4390", "RUB",
    ),
    "sfcc": (
        '<div class="prices"><div class="price"><span><del><span class="strike-through list"><span class="value" content="89.95">€ 89,95</span></span></del>'
        '<span class="sales"><span class="value" content="59.95">€ 59,95</span></span></span></div></div>'
        '<button class="add-to-cart btn">In winkelwagen</button>',
        "59.95", "EUR",
    ),
    "split-whole-fraction": (
        '<span class="a-price"><span aria-hidden="true"><span class="a-price-symbol">$</span><span class="a-price-whole">1,149<span '
        'class="a-price-decimal">.</span></span><span class="a-price-fraction">99</span></span></span>'
        '<span class="basisPrice">List Price: <span class="a-price a-text-price">$1,399.00</span></span>' + BUY,
        "1149.99", "$",
    ),
    "sup-cents": ('<p class="product-new-price">1.299<sup>99</sup> <span>Lei</span></p><p class="product-old-price"><s>1.499<sup>99</sup> Lei</s></p><button>Adaugă în coș</button>', "1299.99", "RON"),
    "sup-cents-with-point": ('<ul class="price"><li class="price-was">$189.99</li><li class="price-current">$<strong>129</strong><sup>.99</sup></li></ul>' + BUY, "129.99", "$"),
    "swiss-dash": ('<div class="productDetail"><strong>CHF 129.–</strong></div><button>In den Warenkorb</button>', "129", "CHF"),
    "swiss-apostrophe": ("<div class=\"price\">CHF 12'800.-</div><button>In den Warenkorb</button>", "12800", "CHF"),
    "norwegian": ('<div class="product-price"><span class="product-price-now">1 299,-</span></div><button>Legg i handlekurv</button>', "1299", None),
    "swedish-kr": ('<span class="price-value">1 299 kr</span> <span class="ord-pris">Ord. pris 1 799 kr</span><button>Lägg i varukorgen</button>', "1299", "kr"),
    "danish": ('<div class="pris">1.299,95 kr.</div><div>Fragt: 39,00 kr.</div><button>Læg i kurv</button>', "1299.95", "kr"),
    "indian-rupees": ('<div class="_16Jk6d">Rs. 23,450</div><div class="_3I9_wc">M.R.P.: <s>Rs. 31,000</s></div><button>ADD TO CART</button><button>BUY NOW</button>', "23450", "Rs"),
    "indian-lakh": ('<span class="price">₹1,29,999</span><span class="emi">EMI starts at ₹6,240 per month</span>' + BUY, "129999", "INR"),
    "japanese": ('<p class="price">販売価格 <span>¥12,800</span>（税込）</p><p>送料 ¥550</p><button>カートに入れる</button>', "12800", "¥"),
    "japanese-fullwidth": ('<p class="item_price">３，９８０円</p><button>カートに入れる</button>', "3980", "JPY"),
    "korean": ('<div class="total-price"><del class="origin-price">25,000원</del><strong>18,900원</strong></div><button>장바구니 담기</button>', "18900", "KRW"),
    "chinese-tradition": ('<ul><li>建議售價 <del>1,090元</del></li><li>網路價 <b class="price">899</b>元</li></ul><button>加入購物車</button>', "899", None),
    "vietnamese": ('<div class="product-price"><span class="special-price">12.990.000 ₫</span><del>15.490.000 ₫</del></div><button>Mua ngay</button>', "12990000", "VND"),
    "indonesian": ('<div class="price" data-testid="lblPDPDetailProductPrice">Rp1.250.000</div><button>+ Keranjang</button>', "1250000", "IDR"),
    "brazilian-instalments": (
        '<div class="price"><p class="old">De: R$ 399,90</p><p class="by">Por: <strong>R$ 299,90</strong></p>'
        '<p class="installment">ou 10x de R$ 29,99 sem juros</p></div><button>Comprar</button>',
        "299.90", "BRL",
    ),
    "spanish-cuotas": (
        '<div class="ui-pdp-price"><s class="previous-value"><span class="fraction">$ 89.999</span></s><div class="second-line"><span class="fraction">$ 71.999</span>'
        '<span class="discount">20% OFF</span></div><p class="installments">en 6 cuotas de $ 15.240</p></div><button>Agregar al carrito</button>',
        "71999", "$",
    ),
    "german-uvp-unit": (
        '<div class="preisbox"><div class="uvp">UVP 24,99 €</div><div class="preis">17,49 €</div><div class="grundpreis">34,98 € / kg</div>'
        "<div>inkl. MwSt., zzgl. Versandkosten 4,95 €</div></div><button>In den Warenkorb</button>",
        "17.49", "EUR",
    ),
    "german-plain-classes": (
        '<div class="x1"><span class="x2">statt 49,00 €</span> <span class="x3">39,00 €</span></div><div class="x4">Versand: 5,90 €</div>'
        '<div class="x5"><button>In den Warenkorb</button></div>',
        "39", "EUR",
    ),
    "french": ('<div class="prix"><span class="prix-barre">1 299,00 €</span><span class="prix-actuel">999,00 €</span></div><p>dont éco-part 0,50 €</p><button>Ajouter au panier</button>', "999", "EUR"),
    "italian": ('<div class="prezzo">€ 1.250,50</div><div>Spedizione € 9,90</div><button>Aggiungi al carrello</button>', "1250.50", "EUR"),
    "polish": ('<div class="cena"><span>129,99 zł</span></div><div class="najnizsza">Najniższa cena z 30 dni: 149,99 zł</div><button>Do koszyka</button>', "129.99", "PLN"),
    "czech": ('<strong class="price-final">12 990 Kč</strong><span class="price-without-tax">10 735 Kč bez DPH</span><button>Do košíku</button>', "12990", "CZK"),
    "hungarian": ('<div class="termek-ar"><span class="price">24 990 Ft</span></div><button>Kosárba</button>', "24990", "HUF"),
    "turkish": ('<div class="product-price"><span class="prc-org">1.499,00 TL</span><span class="prc-slg">1.250,90 TL</span></div><button>Sepete Ekle</button>', "1250.90", "TRY"),
    "arabic": ('<div class="price"><span>٢٩٩ ر.س</span></div><button>أضف إلى السلة</button>', "299", "SAR"),
    "hebrew": ('<div class="price">₪349.90</div><button>הוספה לסל</button>', "349.90", "ILS"),
    "ukrainian": ('<p class="product-price__small">3 499₴</p><p class="product-price__big">2 999₴</p><button>Купити</button>', "2999", "UAH"),
    "south-african": ('<span class="currency plus currency-module_currency_29IIm">R 1,299</span><span>or R 117 / month</span>' + BUY, "1299", "R"),
    "greek": ('<div class="product-price">1.099,00€</div><button>Προσθήκη στο καλάθι</button>', "1099", "EUR"),
    "finnish": ('<span class="price-tag-price__euros">49,90</span><span> €</span><button>Lisää ostoskoriin</button>', "49.90", "EUR"),
    "range": ('<div class="price">$19.99 - $29.99</div><select><option>S</option><option>L (+$10.00)</option></select>' + BUY, "19.99", "$"),
    "deposit": ('<div class="price">24,99 €</div><div class="pfand">zzgl. Pfand 3,10 €</div><button>In den Warenkorb</button>', "24.99", "EUR"),
    "warranty-options": (
        '<div class="price">$499.00</div><div class="protection-plan"><label>2 year plan <span class="price">$49.00</span></label>'
        '<label>3 year plan <span class="price">$79.00</span></label></div>' + BUY,
        "499", "$",
    ),
    "obfuscated-classes": ('<div class="css-1x9"><div class="css-7ab">£74.00</div></div><button class="css-8q">Add to bag</button>', "74", "GBP"),
    "price-above-heading": ('<div class="info">Posted today</div>' + BUY + '<div class="price">$15.00</div>', "15", "$"),
    "old-tables": (
        '<table><tr><td><b>Our price:</b></td><td><font color="red" size="4">$18.95</font></td></tr>'
        '<tr><td>Retail price:</td><td>$24.95</td></tr><tr><td>You save:</td><td>$6.00</td></tr></table><input type="submit" value="Add to Cart">',
        "18.95", "$",
    ),
    "price-in-button": ("<button>Buy now for $12.50</button>", "12.50", "$"),
    "vat-both": ('<div class="price-excl">Excl. VAT <span>£100.00</span></div><div class="price-incl"><span class="price">£120.00</span> Incl. VAT</div>' + BUY, "120", "GBP"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOPS)
def test_the_price_to_pay_is_read_when_only_the_text_shows_it(name: str) -> None:
    markup, price, currency = SHOPS[name]
    facts = read_product(shop(markup))
    assert facts.price is not None
    assert facts.price.value == Decimal(price)
    assert (facts.currency.value if facts.currency else None) == currency
    assert facts.price.evidence.method == "visible"
    assert 0.5 <= facts.price.confidence <= 1


@pytest.mark.parametrize("name", SHOPS)
def test_the_evidence_quotes_the_price(name: str) -> None:
    facts = read_product(shop(SHOPS[name][0]))
    assert facts.price is not None
    assert any(digit.isdigit() for digit in facts.price.evidence.quote)
    assert facts.price.evidence.locator
