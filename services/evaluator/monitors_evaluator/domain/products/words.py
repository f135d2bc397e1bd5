"""The words by which shops mark prices, stock and the parts of a page, in the languages shops are written in.

Two vocabularies: names (class, id and itemprop of elements, split into words by `name_words`) and texts people read.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

_camel = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_separators = re.compile(r"[\W_]+")
_glued = re.compile(r"(price|preis|precio|cena|prix|prijs|fiyat|hinta|cart|basket|stock|related|recommend)")


def name_words(name: str) -> str:
    """The words of a class or id: `oldPrice`, `price-old` and `oldprice` all hold the words `old` and `price`."""
    return _separators.sub(" ", _glued.sub(r" \1 ", _camel.sub(" ", name[:300]).lower())).strip()


def _name(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{pattern})(?![a-z])")


_PRICE = _name(
    r"prices?|pricing|prix|tarif|preise?|precios?|precos?|preco|prezzo|prezzi|prijs|cen[ay]|ceny|hinta|pris|priser|fiyat"
    r"|pret|tsena|cost|amount|money|kaina|hind|gia|harga|prc|currency|priceblock|kurs|worth"
)
_NOW = _name(
    r"now|sale|sales|special|current|final|our|actual|promo\w*|new|neu|buy|today|pay|selling|discounted|reduced|deal"
    r"|offer|salesprice|aktuell\w*|actuel|nuevo|main|primary|big|large|lowest|aktion|akcia|bid|std|best|member|ok|topay"
    r"|discount"
)
_OLD = _name(
    r"old|was|before|previous|prev|former|strike\w*|stroke|crossed?|msrp|rrp|srp|uvp|pvp|retail|list|listprice|original"
    r"|orig|compare|compared|compareat|base|regularold|barre|barred|barree|ancien\w*|alt|alter|antes|anterior|tachado"
    r"|vecchio|stara|stary|puvodni|bezna|vorher|statt|streich\w*|through|linethrough|del|normal|vanha|ordinarie|ord"
    r"|oude?|van|avant|staraya|crossedout|regular|market|marketprice|suggested|recommendedprice|full|fullprice|standard"
    r"|origin|wasprice|oldprice|rrpprice"
)
# A regular price is the price paid unless a special one stands beside it.
_REGULAR = _name(r"regular|base|normal|standard|list|full|original|retail|market|orig|origin|suggested|alt")
_OTHER = _name(
    r"shipping|delivery|versand\w*|livraison|envio|frete|spedizione|postage|freight|dostawa|doprava|unit|unitprice"
    r"|perunit|ppu|grundpreis|baseprice|basispreis|instal\w+|installments?|monthly|months?|rate|raten\w*|finance"
    r"|financing|credit|leasing|parcel\w*|cuotas?|mensualite|klarna|affirm|afterpay|paypal|clearpay|sezzle|zip|laybuy"
    r"|saving|savings|save|youve|yousave|ersparnis|economie|ahorro|rabat|percent\w*|discountamount|deposit|kaution"
    r"|caution|pfand|tax|vat|excl|exclvat|net|netto|ht|points?|bonus|loyalty|cashback|reward\w*|coupon|voucher|gift\w*"
    r"|warranty|garant\w+|insurance|protection|service|addon|options?|subscription|subscribe|total|subtotal|threshold"
    r"|filter|facet|slider range|range slider|tier\w*|bulk|wholesale|quantity|qty|rating|review|reviews|count|tradein"
    r"|estimat\w+|salary|donat\w+|minimum|increment|reserve|history"
)
_ELSEWHERE = _name(
    r"related|recommend\w*|recomm?|recos?|similar|upsells?|cross|crosssell\w*|xsell|also|alsobought|viewed|recently"
    r"|recent|suggest\w*|accessor\w+|bundles?|together|bestsellers?|bestseller|popular|trending|sponsor\w*|ads|advert\w*"
    r"|footer|nav|navbar|menu|megamenu|breadcrumbs?|minicart|mini cart|cart sidebar|cart drawer|cart dropdown|sidebar"
    r"|newsletter|compare|wishlist|comments?|faq|carousel|swiper|slick|owl|listing|cards?|tiles?|items? list"
    r"|product list|products? grid|grid item|productlist|product item|zubehor|aehnlich\w*|relacionad\w+|associe\w*"
    r"|crosslink\w*|others?|more from|alternativ\w+|substitut\w+|history|banner|look|widget|set|sets|kit|combo"
    r"|frequently|addons?|peeks?|shelf|collection|categor(?:y|ies)|teaser|thumb\w*|modal|popup|dialog|tooltip|template"
    r"|cookie\w*|consent"
)
_MAIN = _name(
    r"pdp|product detail\w*|product info\w*|product main|main product|product summary|product essential|product view"
    r"|product page|detail\w*|summary|buybox|buy box|add to cart|addtocart|product shop|product single|single product"
    r"|product form|purchase|item price|produkt detail|ficha|fiche|detalle|main content|entry summary|product top"
    r"|product header|prd right|item info|product price"
)
_BUY = _name(
    r"add to cart|addtocart|add to bag|add to basket|addtobasket|addtobag|buy now|buynow|buy|buy button|btn buy|btn cart"
    r"|single add to cart button|add cart|to cart|tocart|in cart|to basket|checkout button|kaufen|warenkorb|carrito"
    r"|panier"
)
_HIDDEN = _name(
    r"hidden|hide|d none|dnone|none|display none|invisible|is hidden|u hidden|visually hidden|template|ng hide"
)
_GONE = _name(
    r"out of stock|outofstock|outof stock|no stock|out stock|soldout|sold out|unavailable|not available|notavailable"
    r"|no stock|nostock|oos|notify me|back in stock|ausverkauft|agotado|esgotado|epuise|indisponible"
)

_CHOICE = _name(r"swatch\w*|sizes?|variants?|variations?|colou?rs?|options?|store|stores|filial\w*|magasin|pickup")


@dataclass(frozen=True, slots=True)
class Traits:
    """What an element's class and id say of it. `old` is weak for a regular price, which is old only beside a lower one."""

    words: str = ""
    price: bool = False
    now: bool = False
    old: Literal["", "weak", "strong"] = ""
    other: bool = False
    elsewhere: bool = False
    main: bool = False
    buy: bool = False
    hidden: bool = False
    gone: bool = False
    choice: bool = False


NO_TRAITS = Traits()


@lru_cache(maxsize=16384)
def name_traits(name: str) -> Traits:
    """What a class, id or property name says of its element; remembered, since a page repeats its few names."""
    words = name_words(name)
    if not words:
        return NO_TRAITS
    old = _OLD.search(words)
    return Traits(
        words=words,
        price=bool(_PRICE.search(words)),
        now=bool(_NOW.search(words)),
        old="" if old is None else "weak" if _REGULAR.fullmatch(old.group(0)) else "strong",
        other=bool(_OTHER.search(words)),
        elsewhere=bool(_ELSEWHERE.search(words)),
        main=bool(_MAIN.search(words)),
        buy=bool(_BUY.search(words)),
        hidden=bool(_HIDDEN.search(words)),
        gone=bool(_GONE.search(words)),
        choice=bool(_CHOICE.search(words)),
    )


def _said(pattern: str) -> Callable[[str], re.Match[str] | None]:
    # A lower-case pattern on lowered text is three times as fast as one that ignores case.
    search = re.compile(pattern).search
    return lambda text: search(text.lower())


says_old = _said(
    r"\b(?:was|before|old price|list(?: price)?|regular(?: price)?|original(?:ly| price)?|r\.?r\.?p\.?|m?srp"
    r"|retail(?: price)?|compare at|typical price|uvp|unverb\w*|statt|vorher|bisher|alter preis|au lieu de"
    r"|prix conseillé|ancien prix|prix de base|avant|antes|precio anterior|antes de|de:|prezzo di listino|anziché|prima"
    r"|adviesprijs|van|oorspronkelijk|ord\.? ?pris|tidligere|før|förut|ovh|norm\. ?hinta|cena regularna|najniższa cena"
    r"|původní|běžná|pôvodná|eredeti ár|preț vechi|prp|ранее|было|старая цена|стара ціна|eski fiyat"
    r"|lowest (?:price )?in (?:the )?(?:last )?30|30[- ]tag)\b|原價|定價|建議售價|市價|原价|市场价|通常価格|定価"
    r"|参考価格|정가|السعر السابق|قبل",
)
says_other = _said(
    r"\b(?:shipping|delivery|postage|ships? for|versand\w*|lieferung|livraison|frais de port|envío|frete|entrega"
    r"|spedizione|verzend\w*|frakt|fragt|dostaw\w*|doprav\w*|szállítás|livrare|доставк\w*|kargo|save|saving|you save"
    r"|sparen|ersparnis|économi\w+|ahorr\w+|risparmi\w*|economiz\w+|bespaar|spar|oszczęd\w+|ušetř\w+|экономия|скидка"
    r"|month|monthly|mtl|monat\w*|rate|raten|mois|mensual\w*|al mese|cuotas?|vezes|parcelas?|juros|maand|mån|rat[ay]?"
    r"|měsíčně|мес|месяц\w*|instal\w+|deposit|pfand|kaution|caution|consigne|bonus|points?|punkte|coupon|gutschein"
    r"|voucher|over|above|ab einem|orders? of|dès|a partire da|minimum|mindest\w*|starting (?:bid|price)|startpreis"
    r"|mise à prix|precio de salida|from orders|estimate|zzgl|plus|trade[- ]in|tax|vat|moms|ohne mwst|netto|excl|exkl|ht"
    r"|grundpreis|unit price|prix au|with code|mit code|cashback|balance|wallet|gift|spend|worth|donat\w+|rent|miete|apr"
    r"|klarna|afterpay|paypal|affirm|clearpay|scalapay|zip|insurance|warranty|garantie|schutz)\b|運費|免運|分期|每期"
    r"|送料|ポイント|배송|적립|شحن|تقسيط",
)
starts_as_other = _said(
    r"^(?:off\b|rabatt|discount|saved?\b|sparen|gespart|ersparnis|économi|de (?:remise|réduction)|ahorro|desconto|sconto"
    r"|korting|zniżk|sleva|скидк|бонус|балл|points?\b|punkte|pfand|deposit|shipping|versand|delivery|credit|cashback"
    r"|x \d|mtl|a month|al mes|折)",
)
says_per_unit = _said(
    r"^\s*[*)]?\s*(?:/|per|pro|je|par|por|al|za|за|por cada)\s*(?:\d+\s*)?(?:kg|g|gr|l|lt|ml|cl|m|m²|m2|qm|mt|st|stk"
    r"|stück|month|mo|mois|mes|mese|monat|maand|år|year|yr|week|day|tag|nacht|night|hour|person|unit|liter|litre|litro"
    r"|kilo\w*|100\s?\w+|мес|кг|шт|м)\b|^\s*(?:x|×)\s*\d+\b|^\s*mtl",
)
says_per_piece = _said(
    r"^\s*(?:/|per|pro|je|za|за)\s*(?:1\s*)?(?:st|stk|stück|stck|pcs?|piece|each|ea|unit|шт|ks|db|szt)\b"
)
says_now = _said(
    r"\b(?:now|sale|special|our price|price|today|only|preis|nur|jetzt|prix|maintenant|precio|ahora|oferta|preço"
    r"|por apenas|agora|prezzo|ora|prijs|nu|voor|pris|hinta|cena|ár|preț|цена|ціна|fiyat|kaina|hind|buy it now"
    r"|current bid|bid)\b|特價|售價|價格|促銷價|特价|最低價|网购价|网路價|網路價|优惠价|優惠價|価格|价格|現價|価格|税込"
    r"|販売価格|판매가|할인가|السعر|سعر",
)

_offers_to_buy = _said(
    r"\badd(?: item)? to (?:my )?(?:shopping )?(?:cart|bag|basket|trolley)|\bbuy(?: it)?(?: now)?\b|^order now"
    r"|\bpre-?order|place bid|\bpurchase\b|get tickets|in den (?:warenkorb|einkaufswagen)|warenkorb legen"
    r"|jetzt (?:kaufen|bestellen)|(?:ajouter|mettre) (?:au|dans le) panier|\bacheter|(?:añadir|agregar) (?:al?|a la"
    r"|a mi) (?:carrito|carro|cesta|bolsa)|\bcomprar\b|aggiungi al carrello|\bacquista|metti nel carrello"
    r"|adicionar (?:ao|à) \w+|in (?:de )?winkel(?:wagen|mand)|\bbestel(?:len|)\b|lägg i|köp\b|legg i |kjøp\b|læg i "
    r"|\bkøb\b|lisää (?:osto)?kor|ostoskoriin|do koszyka|kup teraz|do košík[au]|\bkoupit\b|\bkúpiť\b|kosárba|adaugă"
    r"|în co[șş]|в корзину|купить|в кошик|до кошика|купити|в количка|купи\b|sepete|satın al|(?:أضف|اضف|إضافة) (?:إلى"
    r"|الى)|للسلة|اشتر|הוסף לסל|הוספה לסל|加入購物車|加入购物车|放入購物車|立即購買|直接購買|立即购买|カートに|かごに"
    r"|購入|장바구니|구매하기|바로구매|giỏ hàng|mua ngay|keranjang|beli sekarang|ostukorvi|grozā|krepšel|košaric|u korpu"
    r"|στο καλάθι|lisa korvi",
)
says_gone = _said(
    r"out[ -]of[ -]stock|sold[ -]?out|(?:currently|temporarily|item|product|this) (?:is )?(?:currently "
    r"|temporarily )?unavailable|^unavailable|no longer (?:available|in stock|sold)|(?:currently|item|product"
    r"|this)(?: is)? not available|^not available|not in stock|notify me|(?:email|e-mail|text) me when"
    r"|back[ -]in[ -]stock|discontinued|this (?:item|ad|listing) (?:has|was) (?:been )?(?:sold|ended|expired|removed)"
    r"|^sold$|listing (?:has )?ended|let me know when|when available|join (?:the )?wait ?list|auction (?:has )?ended"
    r"|ausverkauft|nicht (?:mehr )?(?:verfügbar|lieferbar|auf lager|vorrätig|bestellbar|erhältlich)|derzeit nicht"
    r"|vergriffen|benachrichtig|épuisée?|rupture|indisponible|n'est plus|plus disponible|non disponible|pas disponible"
    r"|m'alerter|me prévenir|m'avertir|prévenez|agotad[oa]|sin (?:stock|existencias)|no (?:está )?disponible"
    r"|fuera de stock|avísame|notificarme|esgotad[oa]|indispon[ií]ve(?:l|is)|sem estoque|sem stock|avise-me"
    r"|fora de estoque|esaurito|non (?:è )?(?:più )?disponibile|avvisami|uitverkocht|niet (?:meer )?(?:op voorraad"
    r"|leverbaar|beschikbaar)|slutsåld|slut i (?:lager|webb)|ej i lager|tillfälligt slut|finns inte|bevaka|utsolgt"
    r"|ikke på lager|udsolgt|midlertidig|loppu(?:nut|unmyyty)|ei (?:ole )?(?:varastossa|saatavilla)|niedostępn"
    r"|brak (?:w magazynie|towaru|na stanie)|wyprzedan|powiadom|nedostupn|vypredan|vyprodán|není (?:skladem|dostupn)"
    r"|nie je (?:na sklade|skladom|dostupn)|nincs (?:készlet|raktár)|elfogyott|nem (?:kapható|elérhető)|értesít"
    r"|stoc epuizat|indisponibil|nu (?:este|mai este) (?:în stoc|disponibil)|нет в наличии|нет на складе|нет в продаже"
    r"|законч?ил|распродан|сообщить о (?:поступлении|наличии)|товар отсутствует|временно отсутствует"
    r"|снят с (?:производства|продажи)|немає в наявності|повідомити|изчерпан|няма (?:в )?налич|не е в наличност"
    r"|stokta (?:yok|bulunm)|tükendi|غير متوفر|غير متاح|نفدت?|نفذت?|אזל|לא במלאי|缺貨|缺货|售完|售罄|補貨|到貨通知"
    r"|貨到通知|到货通知|無庫存|无货|暫時沒貨|完售|在庫切れ|在庫なし|売り切れ|売切|品切れ|품절|재입고|hết hàng|tạm hết"
    r"|stok habis|habis terjual|εξαντλ|μη διαθέσιμ|rasprodan|nije (?:dostup|raspolož)|nema na (?:skladištu|zalihi"
    r"|stanju)|ni na zalogi|läbi müüdud|ei ole (?:laos|saadaval)|laost otsas|(?:nie je|není) možné .{0,20}(?:kúpiť"
    r"|koupit|objedna)|nelze .{0,12}(?:koupit|objednat)|can(?:no|')t be (?:ordered|bought|purchased|added)"
    r"|kann .{0,12}nicht (?:bestellt|gekauft)|niet (?:worden )?besteld|ne peut (?:pas|plus) être (?:commandé|acheté)"
    r"|kan inte (?:köpas|beställas)|nav (?:pieejam|noliktavā)|išparduot|nėra (?:sandėly|prekyboje)|neturime",
)
# Notices that only offer to write: of themselves they do not say that the product is gone.
only_offers_to_write = _said(
    r"notify|e-?mail me|text me|let me know|wait ?list|benachrichtig|alerter|prévenir|avertir|prévenez|avísame"
    r"|notificarme|avise-me|avvisami|bevaka|powiadom|értesít|сообщить|повідомити|通知"
)
# A notice of something else: of prices, of a rule for any product, of a shop, of a stock that still lasts.
says_not_gone = _said(
    r"not sold|(?:notify|alert|benachrichtig|alerter|avis|powiadom|értesít|bevaka|сообщ).{0,40}(?:price|preis|prix"
    r"|precio|preço|prezzo|pris\b|cen[ayęou]\b|цен)|newsletter|\bif (?:an? |the |your |any )?(?:item|product|order|it)\b"
    r"|\bwenn\b|\bfalls\b|solange|(?:until|before|bis|avant) (?:it|they|stocks?|sold|ausverkauft|rupture|épuisement)"
    r"|\bsi (?:un|le|el|il) |(?:almost|nearly|fast|soon|may|might|be|bald|bientôt|quasi|casi) (?:be |is "
    r"|become )?(?:sold|out|ausverkauft|épuisé|agotad|esaurit|unavailable)|\bnever\b|(?:in|at) (?:the |this |your "
    r"|selected )?(?:stores?|shops?)|filiale|en magasin|en tienda|in negozio|store pick|pick ?up|click (?:&|and"
    r"|\+) collect|delivery to|versand nach"
)


@lru_cache(maxsize=8192)
def says_buy(label: str) -> bool:
    """Whether a control's label offers to buy."""
    return bool(_offers_to_buy(label))


says_in_stock = _said(
    r"\b(?:in stock|available now|ready to ship|ships (?:today|within)|auf lager|sofort (?:lieferbar|verfügbar)"
    r"|lieferbar|en stock|disponible|disponibile|em estoque|op voorraad|i lager|på lager|varastossa|skladem|skladom"
    r"|na sklade|dostępny|w magazynie|raktáron|în stoc|в наличии|есть в наличии|в наявності|stokta var|laos olemas)\b"
    r"|有庫存|現貨|在庫あり|متوفر",
)
KEY_LABEL = re.compile(
    r"(?:sku|art(?:ikel|icle|ículo|icolo)?[ .-]*(?:n[or°º]?\.?|nummer|nr\.?|code|id)|bestell-?(?:nr|nummer)|item\s*(?:no"
    r"|number|code|#|id)|product\s*(?:code|no|number|id|ref\w*)|prod(?:uk)?t?(?:nummer|nr|kod)|model(?:\s*(?:no"
    r"|number))?|catalog(?:ue)?\s*(?:no|number)|réf(?:érence)?|ref(?:erencia|erence|erência)?|cód(?:igo"
    r"|\.)?(?: (?:del producto|do produto))?|codice(?: (?:prodotto|articolo))?|kod (?:produktu|towaru)"
    r"|kód(?: (?:produktu|tovaru|zboží))?|indeks|артикул|код(?: товара)?|ürün kodu|商品(?:編號|编号|番号|コード)|貨號"
    r"|货号|品番|mã (?:sp|sản phẩm)|listing id|ad id|ad #|anzeigennummer|tuotenumero|varenr|varenummer|artnr|art)",
    re.IGNORECASE,
)
