"""The words of noun phrases: which name an attribute, which a thing, and which belong to neither."""

from .vocabulary import CHANGE_WORDS, FALLING, MOVING, RISING, forms

DETERMINERS = (
    "the", "a", "an", "my", "our", "your", "this", "that", "these", "those", "any", "some", "its", "their", "his",
    "her",
    "every", "each", "all", "no", "there", "there's", "theres", "it", "current", "any", "certain", "about", "of",
    "for", "to",
    "on", "in", "at", "with", "as", "then", "and", "or", "but", "out", "what", "which", "how", "that", "is", "are",
    "the",
    "whether", "please", "just", "also", "only", "be", "from", "by", "via", "when", "if", "has", "have", "do", "does",
    "did",
    "today's", "tomorrow's", "tonight's", "updated", "reported", "me", "much", "many", "like", "i", "we", "you",
    "happens", "s", "will", "up", "them",
)  # fmt: skip
PRONOUNS = ("it", "its", "it's", "this", "that", "they", "them", "value", "the value", "one", "these", "those",
"something",
            "anything", "page", "this page", "the page", "number", "amount", "i", "we", "you", "there", "level",
            "which",
            "figure", "everything", "someone", "somebody", "anyone", "anybody")  # fmt: skip
LIMITS = ("limit", "budget", "target", "threshold", "goal", "maximum", "minimum", "ceiling", "floor", "total")
"""Nouns for the number itself ("my limit of 500"), not for what is measured."""

PREPOSITIONS = ("of", "for", "in", "at", "on", "from", "by", "near", "over", "inside", "within", "with", "against",
                "between", "to", "around", "during", "about", "under", "as", "according", "across")  # fmt: skip
REPORTED = ("reported", "detected", "shown", "measured", "listed", "displayed", "determined", "registered", "given",
"that",
            "according", "throughout", "via", "which", "where", "when", "noticed", "published", "quoted",
            "advertised")  # fmt: skip
REPORTING_VERBS = (
    *forms("detect", "notice"), "returns", "reports", "reporting", "reported", "measures", "measuring", "shows",
    "showing",
    "registers", "registering", "displays", "displaying", "records", "recording", "has", "have", "having", "offers",
    "offering",
    "lists", "listing", "sells", "selling", "says", "reads", "calls for", "got", "gets", "charges", "asks",
)  # fmt: skip
TRAILING_VERBS = frozenset((
    *FALLING, *RISING, *MOVING, *CHANGE_WORDS,
    *forms("go", "get", "become", "turn", "move", "come", "stay", "cost", "detect", "trade", "sell", "buy", "expire",
           "keep", "dive", "stand", "sit", "value", "close",
           "reach", "hit", "equal", "have"),
    "shows", "showing", "reports", "reporting", "reads", "lists", "listed", "priced", "measures", "matches", "blows",
    "starts",
    "costing", "wants", "needs", "totals", "averages", "runs",
    "is", "are", "be", "was", "were", "been", "being", "has", "had", "does", "do", "did", "to", "at", "now", "ever",
    "again", "with", "by", "of", "it", "and", "or", "a", "an", "the", "not", "its",
    "will", "would", "can", "could", "may", "might", "should", "up", "down", "back", "so", "that", "but", "for",
    "anything",
    "value", "number", "either", "even", "finally", "currently", "no", "longer", "suddenly", "ever", "in", "from",
    "there",
    "possible", "going", "forecast", "on", "if", "anything", "went", "gone", "price's", "below", "above", "more",
    "worth",
    "just", "only", "less", "still", "first", "about", "around", "all", "already", "way", "far", "below", "than",
    "actually",
    "never", "anymore", "level", "also", "say", "says", "drops", "quoted", "offered", "available",
    "yet", "least", "most", "exactly", "scores", "scored", "scoring",
)) - {"price", "prices", "count", "counts", "total", "average", "score", "rate", "measure", "level", "drop"}  # fmt: skip
TIME_WORDS = frozenset((
    "today", "tomorrow", "tonight", "now", "currently", "morning", "evening",
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "weekend", "asap",
    "immediately", "soon", "anymore", "yet", "please", "thanks", "again", "ever", "right", "away",
))  # fmt: skip
TIME_NOUNS = frozenset(("date", "week", "month", "year", "day", "time", "moment"))
DANGLING = frozenset(
    ("the", "a", "an", "my", "at", "in", "on", "for", "of", "from", "to", "and", "is", "this", "with", "by")
)
ARTICLES = frozenset(
    ("the", "a", "an", "my", "our", "your", "his", "her", "their", "today's", "tomorrow's", "tonight's")
)
MONEY_NOUNS = frozenset((
    "price", "prices", "cost", "costs", "fee", "fees", "rent", "fare", "fares", "salary", "balance", "bid", "bids",
    "premium",
    "worth", "charge", "cap", "revenue", "pricing", "tariff", "budget", "total", "rate", "rates", "bill", "wage",
    "deposit",
    "raised", "pledged", "jackpot", "donations", "turnover", "payout", "tuition", "quote", "offer", "income",
))  # fmt: skip
OWNED_ATTRIBUTES = frozenset((
    "price", "prices", "cost", "costs", "fee", "fees", "fare", "fares", "rent", "rating", "ratings", "temperature",
    "temperatures", "humidity", "status", "state", "availability", "score", "population", "weight", "size", "length",
    "height", "title", "description", "headline", "content", "text", "terms", "name", "deadline", "weather", "forecast",
    "pricing", "altitude", "salary", "schedule", "menu", "stock", "speed", "level", "levels", "phase", "phases", "rate",
    "rates", "rank", "ranking", "position", "number", "count", "date", "time", "index", "value", "policy", "version",
    "cover",
    "wait", "balance", "capacity", "volume", "delay", "discount", "yield", "percentage", "share", "votes", "stars",
))  # fmt: skip
TEMPERING_ADJECTIVES: dict[str, str] = {
    **dict.fromkeys(("cold", "colder", "hot", "hotter", "warm", "warmer", "cool", "cooler", "degrees"), "temperature"),
    **dict.fromkeys(
        ("cheaper", "costs", "cost", "costing", "pricier", "dearer", "expensive", "sells", "priced"), "price"
    ),
    **dict.fromkeys(("faster", "slower", "quicker", "speedier"), "speed"),
    **dict.fromkeys(("heavier", "lighter"), "weight"),
    **dict.fromkeys(("taller",), "height"),
    **dict.fromkeys(("older", "younger"), "age"),
}
"""A word of the comparison -> the attribute it speaks of, where no noun names it."""

COMPOUND_HEADS = frozenset(("level", "levels", "rate", "rates", "speed", "speeds", "count", "index", "cover", "depth",
"phase",
                            "phases", "rank", "policy", "percentage"))  # fmt: skip
"""Attributes that mean little without the word before them: `water level`, `error rate`."""

KEPT_MODIFIERS = frozenset((
    "first", "second", "third", "last", "next", "main",
    "wind", "exchange", "interest", "share", "battery", "water", "moon", "air", "quality", "mortgage", "inflation",
    "pollen",
    "uv", "order", "delivery", "shipping", "shipment", "registration", "application", "visa", "flight", "train",
    "waiting",
    "queue", "wait", "annual", "monthly", "weekly", "daily", "yearly", "membership", "entry", "vacancy",
    "unemployment", "occupancy", "cloud", "snow", "charge", "river", "sea", "noise", "humidity", "fog",
    "base", "tide", "success", "error", "hash", "conversion", "currency", "switch", "current", "average", "review",
    "star",
    "issue", "download", "parking", "page", "security", "privacy", "refund", "cookie", "return", "lunch", "release",
    "opening", "closing", "start", "fan", "gps", "ground", "market", "tax", "sales", "gas", "fuel", "radiation", "oil",
    "case", "vote", "approval", "approvals", "crime", "birth", "death", "filing", "lead", "response", "latest", "top",
    "total", "job", "usd", "eur", "gbp", "chf", "jpy", "cad", "aud", "euro", "dollar", "pound", "yen", "follower",
    "subscriber", "sale", "retail", "asking", "highest", "lowest", "unit", "spot", "list", "seat", "ticket", "room",
    "savings", "loan", "minimum", "maximum", "overall", "service", "system",
))  # fmt: skip
NUMERIC_FACTS = frozenset((
    "price", "prices", "cost", "rate", "rates", "temperature", "humidity", "speed", "score", "rating", "count",
    "number",
    "level", "balance", "rank", "altitude", "index", "value", "fee", "rent", "fare", "volume", "population", "yield",
    "discount",
    "percentage", "stars", "votes", "weight", "height", "size", "levels", "costs",
))  # fmt: skip
