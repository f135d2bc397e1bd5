# ruff: noqa: E501
"""Whether the product can be bought, by structured data, buttons and notices."""

import pytest

from monitors_evaluator.domain.products import read_product

IN_STOCK = '<script type="application/ld+json">{"@type":"Product","name":"Copper kettle","offers":{"price":"64","availability":"%s"}}</script>'


def availability(body: str, head: str = "") -> str | None:
    html = f"<html><head><title>Copper kettle | Shop</title>{head}</head><body><main><h1>Copper kettle</h1>{body}</main></body></html>"
    facts = read_product(html)
    return facts.availability.value if facts.availability else None


PRICE = '<div class="price">64,00 €</div>'


@pytest.mark.parametrize(
    ("told", "stock"),
    [
        ("https://schema.org/InStock", "InStock"),
        ("http://schema.org/LimitedAvailability", "InStock"),
        ("PreOrder", "InStock"),
        ("instock", "InStock"),
        ("https://schema.org/OutOfStock", "OutOfStock"),
        ("http://schema.org/SoldOut", "OutOfStock"),
        ("Discontinued", "OutOfStock"),
    ],
)
def test_structured_availability(told: str, stock: str) -> None:
    assert availability(PRICE, IN_STOCK % told) == stock


@pytest.mark.parametrize(
    "notice",
    [
        "Out of stock", "Sold out", "Currently unavailable.", "Notify me when available", "Ausverkauft", "Nicht verfügbar",
        "Derzeit nicht lieferbar", "Épuisé", "En rupture de stock", "Produit indisponible", "Agotado", "Sin existencias",
        "Avísame cuando esté disponible", "Esgotado", "Produto indisponível", "Esaurito", "Non disponibile", "Uitverkocht",
        "Niet op voorraad", "Slutsåld", "Utsolgt", "Udsolgt", "Loppuunmyyty", "Produkt niedostępny", "Brak w magazynie",
        "Vyprodáno", "Není skladem", "Vypredané", "Nincs készleten", "Stoc epuizat", "Нет в наличии", "Товар закончился",
        "Сообщить о поступлении", "Немає в наявності", "Stokta yok", "Tükendi", "غير متوفر", "نفدت الكمية", "אזל מהמלאי",
        "缺貨", "已售完", "在庫切れ", "売り切れ", "품절", "Hết hàng", "Stok habis", "Rasprodano", "Läbi müüdud", "Εξαντλήθηκε",
    ],
)  # fmt: skip
def test_a_notice_beside_the_product_says_it_is_gone(notice: str) -> None:
    assert availability(f'{PRICE}<div class="stock">{notice}</div>') == "OutOfStock"


def test_a_notice_overrules_structured_data_when_nothing_can_be_bought() -> None:
    assert availability(f"{PRICE}<p>Sold out</p>", IN_STOCK % "InStock") == "OutOfStock"


def test_a_buy_button_that_cannot_be_pressed_says_gone() -> None:
    assert availability(f"{PRICE}<button disabled>Add to cart</button>", IN_STOCK % "InStock") == "OutOfStock"


@pytest.mark.parametrize(
    "choice",
    [
        "<select><option>S</option><option>M</option></select>",
        '<input type="radio" name="size">',
        '<div class="swatch-attribute">Blue</div>',
    ],
)
def test_a_button_that_waits_for_a_choice_says_nothing(choice: str) -> None:
    assert (
        availability(f"{PRICE}<form>{choice}<button disabled>Add to cart</button></form>", IN_STOCK % "InStock")
        == "InStock"
    )


@pytest.mark.parametrize(
    "body",
    [
        PRICE + "<button>Add to cart</button>",
        PRICE + "<button>Add to cart</button><ul class='sizes'><li>S - sold out</li><li>M</li></ul>",
        PRICE + '<p style="display:none">Out of stock</p><button>Add to cart</button>',
        PRICE
        + "<select><option>Red (sold out)</option><option>Blue</option></select><button>In den Warenkorb</button>",
        PRICE + "<button>Comprar</button><div class='related-products'><p>Agotado</p></div>",
        PRICE + "<div>Auf Lager</div>",
        PRICE + "<p>If the item is out of stock we will write to you.</p><button>Buy now</button>",
    ],
)
def test_what_can_be_bought_is_in_stock(body: str) -> None:
    assert availability(body) == "InStock"


def test_related_products_do_not_make_the_product_gone() -> None:
    related = '<div class="related"><a href="/x">Tea strainer <span class="badge">Sold out</span></a></div>'
    assert availability(f"{PRICE}{related}", IN_STOCK % "InStock") == "InStock"


def test_a_page_that_tells_nothing_gives_none() -> None:
    assert availability("<p>A kettle is a kind of pot.</p>") is None
