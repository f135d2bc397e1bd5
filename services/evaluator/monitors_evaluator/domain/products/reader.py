"""Product facts off a shop's page: structured data weighed against what the page shows."""

from dataclasses import dataclass, field
from decimal import Decimal

from monitors_contracts.monitors import Evidence

from .buying import buy_buttons
from .claims import Claim
from .jsonld import json_ld_claims
from .keys import labelled_key
from .markup import markup_claims, meta_claims
from .model import ProductFact, ProductFacts
from .money import currency_code, is_code
from .page import Area, Page
from .state import state_claims
from .stock import read_availability
from .visible import Shown, shown_prices

_AHEAD_OF_HEADING, _BEHIND_HEADING = 400, 3000
_LEAST_POINTS = 2.4
_LEAST_SHOWN_POINTS = 3.0


@dataclass(slots=True)
class _Weighed:
    """One amount with all that speaks for it."""

    amount: Decimal
    claims: list[Claim] = field(default_factory=list[Claim])
    shown: list[Shown] = field(default_factory=list[Shown])

    def points(self, page_shows: float) -> float:
        """The sum of the best claim and the best showing; `page_shows` is the best showing of any amount."""
        claimed = 0.0
        if self.claims:
            methods = {claim.method for claim in self.claims}
            claimed = max(claim.weight for claim in self.claims) + 0.5 * (len(methods) - 1)
        if not self.shown:
            return claimed - (0.5 if page_shows >= _LEAST_SHOWN_POINTS else 0.0)
        best = self.shown[0]
        if best.old:
            claimed *= 0.3
        return claimed + best.points


def _weigh(claims: list[Claim], shown: list[Shown]) -> list[_Weighed]:
    amounts: dict[Decimal, _Weighed] = {}
    seen = {price.money.amount for price in shown}
    for claim in claims:
        if claim.price is not None and claim.price > 0 and claim.weight > 0:
            # "1.299" in data is 1299 where the page shows that: the dot was a thousands separator.
            grouped = claim.price.as_tuple().exponent == -3 and claim.price * 1000 in seen
            price = claim.price * 1000 if grouped else claim.price
            amounts.setdefault(price, _Weighed(price)).claims.append(claim)
    for shown_price in shown:
        amount = shown_price.money.amount
        amounts.setdefault(amount, _Weighed(amount)).shown.append(shown_price)
    page_shows = max((price.points for price in shown), default=0.0)
    return sorted(amounts.values(), key=lambda weighed: -weighed.points(page_shows))


def read_product(html: str, url: str | None = None) -> ProductFacts:
    """The price, currency, availability and key of the product that the page is about.

    `url` is the page's address; it tells which of several variants is meant. A page that sells no single product (a list,
    an article, an error) gives facts that are all None. Never raises.
    """
    page = Page(html, url)
    claims = [*json_ld_claims(page), *markup_claims(page), *meta_claims(page)]
    if not any(claim.price for claim in claims):
        claims.extend(state_claims(page))
    area = _area(page, claims)
    buttons = buy_buttons(page, area)
    shown = shown_prices(page, buttons, area)
    weighed = _weigh(claims, shown)
    page_shows = max((price.points for price in shown), default=0.0)
    best = weighed[0] if weighed else None
    if best is not None and not _is_sure(best, page_shows):
        best = None
    place = best.shown[0].fragment if best and best.shown else None
    stock = read_availability(page, claims, buttons, place)
    return ProductFacts(
        price=_price_fact(page, best, page_shows) if best else None,
        currency=_currency_fact(page, best, claims) if best else None,
        availability=ProductFact(
            stock.stock,
            Evidence(quote=stock.quote[:1000], method=stock.method, locator=stock.locator),
            stock.confidence,
        )
        if stock
        else None,
        sku=_sku_fact(page, claims),
    )


def _area(page: Page, claims: list[Claim]) -> Area:
    """Where to look for the price: around the heading when structured data names one price, else on the whole page."""
    prices = {claim.price for claim in claims if claim.price}
    if page.heading is None or len(prices) != 1:
        return Area()
    return Area(page.heading.offset - _AHEAD_OF_HEADING, page.heading.offset + _BEHIND_HEADING)


def _is_sure(best: _Weighed, page_shows: float) -> bool:
    """Whether an amount has enough points to be the price; without structured data it also needs a sign of an offer."""
    points = best.points(page_shows)
    if best.claims:
        return points >= _LEAST_POINTS
    return points >= _LEAST_SHOWN_POINTS and best.shown[0].is_offered


def _price_fact(page: Page, best: _Weighed, page_shows: float) -> ProductFact[Decimal]:
    points = best.points(page_shows)
    if best.claims:
        claim = max(best.claims, key=lambda claim: claim.weight)
        evidence = Evidence(quote=claim.quote, method=claim.method, locator=claim.locator)
        return ProductFact(best.amount, evidence, 0.97 if best.shown and points > 4 else 0.75)
    shown = best.shown[0]
    evidence = Evidence(quote=shown.text, method="visible", locator=page.locator(shown.node))
    return ProductFact(best.amount, evidence, min(0.9, 0.4 + points / 12))


def _currency_fact(page: Page, best: _Weighed, claims: list[Claim]) -> ProductFact[str] | None:
    """The price's currency. A sign such as $ is many currencies': a code, even one told of another price, says more."""
    told = [_told_currency(claim, 0.95) for claim in best.claims]
    shown = [
        ProductFact(code, Evidence(quote=price.text, method="visible", locator=page.locator(price.node)), 0.8)
        for price in best.shown[:3]
        if (code := currency_code(price.money.currency))
    ]
    others = [_told_currency(claim, 0.7) for claim in claims]
    found = [fact for fact in [*told, *shown, *others] if fact]
    return next((fact for fact in found if is_code(fact.value)), found[0] if found else None)


def _told_currency(claim: Claim, confidence: float) -> ProductFact[str] | None:
    code = currency_code(claim.currency)
    evidence = Evidence(quote=claim.quote, method=claim.method, locator=claim.locator)
    return ProductFact(code, evidence, confidence) if code else None


def _sku_fact(page: Page, claims: list[Claim]) -> ProductFact[str] | None:
    for claim in claims:
        if claim.sku:
            return ProductFact(claim.sku, Evidence(quote=claim.sku, method=claim.method, locator=claim.locator), 0.9)
    if (labelled := labelled_key(page)) is None:
        return None
    key, fragment = labelled
    return ProductFact(
        key, Evidence(quote=fragment.text[:300], method="text", locator=page.locator(fragment.node)), 0.6
    )
