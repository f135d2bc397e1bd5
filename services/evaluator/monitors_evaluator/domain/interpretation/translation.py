"""A little German, French and Spanish: the words that make a sentence a request, put into English one by one.

Names of things stay as they are. Only sentences that hold one of a language's own function words are touched.
"""

import re

from .quantities import alternatives

_GERMAN = {
    "sag mir bescheid": "tell me", "sagt mir bescheid": "tell me", "gib mir bescheid": "tell me", "sag mir": "tell me",
    "benachrichtige mich": "notify me", "informiere mich": "inform me", "melde dich": "notify me",
    "schreib mir": "message me",
    "warne mich": "warn me", "bescheid": "", "bitte": "please", "wenn": "when", "sobald": "as soon as", "falls": "if",
    "der preis für": "the price of", "der preis von": "the price of", "der preis der": "the price of the",
    "preis": "price",
    "die temperatur": "the temperature", "temperatur": "temperature", "der kurs": "the rate", "unter": "below",
    "über": "above",
    "weniger als": "less than", "mehr als": "more than", "mindestens": "at least", "höchstens": "at most",
    "genau": "exactly", "fällt": "falls", "sinkt": "falls", "steigt": "rises", "kostet": "costs", "liegt": "is",
    "wieder verfügbar ist": "is available again", "verfügbar ist": "is available", "auf lager ist": "is in stock",
    "wieder auf lager ist": "is back in stock", "ausverkauft ist": "is sold out", "wieder verfügbar": "available again",
    "verfügbar": "available", "auf lager": "in stock", "ausverkauft": "sold out", "lieferbar ist": "is available",
    "wieder lieferbar ist": "is available again", "geöffnet ist": "is open", "geöffnet": "open",
    "geschlossen ist": "is closed", "geschlossen": "closed", "offen ist": "is open", "sich ändert": "changes",
    "sich etwas ändert": "something changes", "ändert": "changes", "änderungen": "changes", "ist": "is", "sind": "are",
    "beobachte": "watch", "überwache": "monitor", "den preis": "the price", "anmeldung": "registration",
    "grad": "degrees",
    "auf der seite": "on the page", "der": "the", "die": "the", "das": "the", "des": "of the", "dem": "the",
    "den": "the",
    "von": "of", "wird": "becomes", "und": "and", "neuer": "new", "neue": "new", "neues": "new", "ein": "a",
    "eine": "a",
    "beitrag": "post", "erscheint": "appears", "gibt es": "there is", "jede": "any", "mich": "me",
}  # fmt: skip
_FRENCH = {
    "prévenez-moi": "notify me", "préviens-moi": "notify me", "avertissez-moi": "warn me", "avertis-moi": "warn me",
    "alerte-moi": "alert me", "alertez-moi": "alert me", "dis-moi": "tell me", "dites-moi": "tell me",
    "informe-moi": "inform me", "informez-moi": "inform me", "quand": "when", "lorsque": "when",
    "dès que": "as soon as",
    "dès qu'il y a": "as soon as there is", "si": "if", "le prix": "the price", "prix": "price",
    "la température": "the temperature",
    "passe sous": "falls below", "passe en dessous de": "falls below", "descend sous": "falls below",
    "en dessous de": "below",
    "au-dessous de": "below", "au-dessus de": "above", "tombe": "falls", "baisse": "falls", "dépasse": "exceeds",
    "monte": "rises", "augmente": "rises", "moins de": "less than", "plus de": "more than", "au moins": "at least",
    "au plus": "at most", "coûte": "costs", "est de nouveau disponible": "is available again",
    "disponible": "available",
    "disponibles": "available", "en stock": "in stock", "épuisé": "sold out", "ouverte": "open", "ouvert": "open",
    "ouvertes": "open", "ouverts": "open", "fermé": "closed", "fermée": "closed", "est": "is", "sont": "are",
    "change": "changes", "changement": "change", "surveille": "watch", "surveillez": "watch",
    "les inscriptions": "registration",
    "inscription": "registration", "inscriptions": "registration", "degrés": "degrees", "le": "the", "la": "the",
    "les": "the", "du": "of the", "de la": "of the", "des": "of the", "de": "of", "à nouveau": "again", "sous": "below",
    "nouvel": "new", "nouvelle": "new", "nouveau": "new", "un": "a", "une": "a", "et": "and", "il y a": "there is",
}  # fmt: skip
_SPANISH = {
    "avísame": "notify me", "avisame": "notify me", "avísenme": "notify me", "dime": "tell me",
    "notifícame": "notify me",
    "infórmame": "inform me", "cuando": "when", "en cuanto": "as soon as", "tan pronto como": "as soon as", "si": "if",
    "el precio": "the price", "precio": "price", "la temperatura": "the temperature", "por debajo de": "below",
    "por encima de": "above", "baje de": "falls below", "baja de": "falls below", "baje": "falls", "baja": "falls",
    "suba de": "rises above", "supere": "exceeds", "supera": "exceeds", "suba": "rises", "sube": "rises",
    "menos de": "less than", "más de": "more than", "al menos": "at least", "como máximo": "at most", "cueste": "costs",
    "cuesta": "costs", "esté disponible": "is available", "vuelva a estar disponible": "is available again",
    "disponible": "available", "disponibles": "available", "en stock": "in stock", "agotado": "sold out", "esté": "is",
    "está": "is", "estén": "are", "abierta": "open", "abierto": "open", "abiertas": "open", "cerrado": "closed",
    "cerrada": "closed", "cambie": "changes", "cambia": "changes", "cambio": "change", "vigila": "watch",
    "haya": "there is",
    "hay": "there is", "las inscripciones": "registration", "inscripción": "registration",
    "inscripciones": "registration",
    "grados": "degrees", "el": "the", "la": "the", "los": "the", "las": "the", "del": "of the", "de": "of",
    "de nuevo": "again",
    "nueva": "new", "nuevo": "new", "un": "a", "una": "a", "y": "and", "sea": "is", "es": "is",
}  # fmt: skip
_LANGUAGES = (
    (alternatives(("wenn", "sobald", "falls der", "falls die", "falls das", "beobachte", "überwache",
    "benachrichtige")), _GERMAN),
    (alternatives(("quand", "lorsque", "dès que", "dès qu'il", "prévenez-moi", "préviens-moi", "alerte-moi", "dis-moi",
                   "surveille", "surveillez", "avertis-moi", "alertez-moi")), _FRENCH),
    (alternatives(("cuando", "en cuanto", "avísame", "avisame", "vigila", "dime si", "notifícame")), _SPANISH),
)  # fmt: skip
_TABLES = tuple(
    (re.compile(mark, re.IGNORECASE), re.compile(alternatives(table), re.IGNORECASE), table)
    for mark, table in _LANGUAGES
)


def to_english(text: str) -> str:
    """The text with its foreign function words in English; the same text when it holds none."""
    for mark, phrases, table in _TABLES:
        if mark.search(text):
            return phrases.sub(lambda match, table=table: table[" ".join(match[0].lower().split())], text)
    return text
