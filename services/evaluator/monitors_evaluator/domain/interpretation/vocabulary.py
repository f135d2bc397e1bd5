"""The words the local interpreter knows, and nothing but words: every list, none of the grammar. Noun phrases: `nouns`.

Verbs are given in their base form; `inflections` makes the others. Lists of phrases may hold several words in one string.
"""

from monitors_contracts.monitors import Operator


def inflections(verb: str) -> tuple[str, ...]:
    """All regular English forms of a verb (`drop` -> drop, drops, dropped, dropping ...); a few too many do no harm."""
    first, _, rest = verb.partition(" ")
    stem = first[:-1] if first.endswith(("e", "y")) else first
    endings = [first, first + "s", first + "es", first + "ed", first + "ing", stem + "ing", stem + "ed"]
    if first.endswith("y"):
        endings += [stem + "ies", stem + "ied"]
    endings += [first + first[-1] + "ed", first + first[-1] + "ing"]
    return tuple(f"{form} {rest}".rstrip() for form in dict.fromkeys(endings))


def forms(*verbs: str) -> tuple[str, ...]:
    """The inflections of several verbs."""
    return tuple(form for verb in verbs for form in inflections(verb))


# --- When: what introduces the condition

TRIGGERS = (
    "as soon as", "as long as", "so long as", "in case", "in the event that", "in the event", "at the time",
    "at times when",
    "the moment", "the minute the", "the minute it", "the second the", "the second it", "the day the", "the instant",
    "every time", "each time", "any time",
    "anytime",
    "at whatever point", "only if", "only when", "if ever", "if and when", "even if", "whenever", "whether", "when",
    "once",
    "if", "wen", "whne", "wehn", "should", "after", "until", "provided", "so that", "in which", "as and when",
)  # fmt: skip

# --- Who is told, and how: the frame around the condition

TELLING_VERBS = (
    "tell", "notify", "alert", "inform", "warn", "ping", "message", "text", "email", "e-mail", "mail", "remind",
    "update",
    "advise", "buzz", "page", "contact", "dm", "whatsapp", "nudge", "poke", "signal to", "shout at",
)  # fmt: skip
TOLD = (
    "me", "us", "my phone", "my team", "the team", "everyone", "everybody", "my wife", "my husband", "my inbox",
)  # fmt: skip
MESSAGE_NOUNS = (
    "alert", "notification", "notifier", "message", "text", "text message", "popup", "pop up", "pop-up", "warning",
    "heads up", "heads-up", "shout", "ping", "email", "e-mail", "mail", "sms", "reminder", "notice", "line", "buzz",
    "update",
    "call", "note", "shout out",
)  # fmt: skip
SENDING_VERBS = (
    "send", "give", "shoot", "drop", "push", "deliver", "get", "fetch", "provide", "make", "pop up", "set up", "have",
    "do",
    "use", "create", "show", "issue", "raise", "trigger", "receive", "want", "need", "like", "set", "fire", "expect",
)  # fmt: skip
BEING_TOLD = (
    "told", "notified", "alerted", "informed", "warned", "messaged", "texted", "emailed", "pinged", "reminded",
    "updated",
    "know", "hear", "see", "notifying", "telling", "alert", "alerts", "notification", "notifications", "message",
    "advised",
)  # fmt: skip
WATCHING_VERBS = (
    "keep an eye out for", "keep an eye on", "keep on eye on", "keep a watch on", "keep watch of", "keep watch on",
    "keep track of", "keep tabs on", "keep checking", "look out for", "look up", "look at", "look for", "look into",
    "pay attention to", "watch out for", "watch for", "watch over", "check up on", "check on", "check whether",
    "check for",
    "check", "follow", "monitor", "watch", "track", "observe", "scan", "find", "see", "show me", "find out",
    "keep following",
    "looking for", "searching for", "interested in", "wait for", "listen for", "stay on top of", "look", "poll",
    "supervise",
)  # fmt: skip
QUESTION_OPENERS = (
    "what", "which", "how", "has", "have", "is", "are", "did", "does", "do", "was", "were", "can", "will",
)  # fmt: skip

# --- Comparing with a number

BELOW = (
    "below", "under", "beneath", "underneath", "less than", "fewer than", "lower than", "smaller than", "less then",
    "lower then", "less", "lower", "fewer", "smaller", "inferior to", "south of", "<", "shy of", "short of",
)  # fmt: skip
AT_MOST = (
    "at most", "at the most", "no more than", "not more than", "no higher than", "no greater than", "no over",
    "a maximum of", "maximum of", "a max of", "max of", "max", "max value", "maximum", "up to", "not exceeding", "only",
    "<=", "=<", "≤", "less than or equal to", "lower than or equal to", "below or equal to", "within",
    "under or equal to",
)  # fmt: skip
ABOVE = (
    "above", "over", "more than", "greater than", "higher than", "larger than", "bigger than", "more then",
    "higher then",
    "greater then", "upwards of", "in excess of", "north of", "past", "beyond", "greater", "higher", "larger", "bigger",
    "superior to", ">", "more",
    *forms("exceed", "surpass", "top", "cross", "pass", "overtake", "outstrip", "break through", "break above", "beat"),
    "breaks", "exceeds", "go beyond",
)  # fmt: skip
AT_LEAST = (
    "at least", "at the least", "no less than", "not less than", "no fewer than", "no lower than", "a minimum of",
    "minimum of", "a min of", "min of", "minimum", ">=", "=>", "≥", "more than or equal to", "greater than or equal to",
    "above or equal to", "higher than or equal to", "over or equal to",
    *forms("reach", "hit", "attain", "approach", "raise"), "gets to", "get to", "got to", "hitting", "makes it to",
    "arrives at",
)  # fmt: skip
EXACTLY = (
    "exactly at", "exactly", "precisely", "equal to", "equals to", "equals", "equal", "equaling", "equalling",
    "matches",
    "match", "matching", "directly", "=", "==", "the same as", "identical to",
)  # fmt: skip
OTHER_THAN = (
    "other than", "different from", "different than", "different to", "differs from", "differ from", "anything but",
    "anything except", "anything besides", "except for", "except", "but not", "unequal to", "!=", "≠", "<>",
    "rather than",
    "above or below", "below or above", "under or over", "over or under", "higher or lower than",
    "lower or higher than",
    "more or less than", "less or more than", "greater or less than", "any value but", "apart from", "aside from",
)  # fmt: skip
COMPARATORS: dict[str, tuple[Operator, bool]] = {
    **dict.fromkeys(BELOW, (Operator.LE, True)),
    **dict.fromkeys(AT_MOST, (Operator.LE, False)),
    **dict.fromkeys(ABOVE, (Operator.GE, True)),
    **dict.fromkeys(AT_LEAST, (Operator.GE, False)),
    **dict.fromkeys(EXACTLY, (Operator.EQ, False)),
    **dict.fromkeys(OTHER_THAN, (Operator.NE, False)),
}
"""Phrase before a number -> operator, and whether the number itself is left out."""

LESS_ADJECTIVES = (
    "cheaper", "slower", "colder", "cooler", "shorter", "weaker", "younger", "earlier", "thinner", "lighter", "poorer",
    "worse", "lower", "fewer", "smaller", "less", "narrower", "nearer", "closer", "shallower", "sooner", "drier",
    "darker",
    "quieter", "calmer",
)  # fmt: skip
NOT_COMPARATIVES = (
    "other", "rather", "whether", "either", "never", "ever", "weather", "number", "after", "under", "over",
)  # fmt: skip
OR_LESS = (
    "less", "lower", "below", "under", "fewer", "smaller", "cheaper", "beneath", "colder", "slower", "down", "earlier",
)  # fmt: skip
OR_MORE = ("more", "higher", "above", "over", "greater", "larger", "bigger", "up", "upwards", "better", "hotter",
"warmer",
           "faster", "later", "longer")  # fmt: skip
CONTRACTIONS: dict[str, str] = {
    "it's": "it is", "there's": "there is", "theres": "there is", "that's": "that is", "what's": "what is",
    "isn't": "is not",
    "isnt": "is not", "aren't": "are not", "arent": "are not", "doesn't": "does not", "doesnt": "does not",
    "don't": "do not",
    "dont": "do not", "won't": "will not", "can't": "can not", "cannot": "can not", "hasn't": "has not",
    "haven't": "have not",
    "wasn't": "was not", "weren't": "were not", "they're": "they are", "didn't": "did not", "it'll": "it will",
}  # fmt: skip
NEGATIONS = ("not", "no longer", "never", "stops being", "ceases to be", "no", "stop being", "without",
"nor")  # fmt: skip
NEGATED_FILLERS = (
    "be", "been", "get", "go", "is", "are", "have", "a", "the", "value", "any", "exactly", "at", "equal", "to",
    "call", "for",
    "fall", "drop", "rise", "match", "being", "reach", "it", "in", "of", "even", "become", "costing", "cost",
)  # fmt: skip
NUMBER_FILLERS = (
    "a", "an", "the", "its", "value", "level", "number", "price", "mark", "of", "at", "around", "about",
    "approximately",
    "roughly", "just", "to", "by", "total", "score", "that", "is", "now", "even", "either", "anything", "somewhere",
    "it",
    "for", "threshold", "limit", "sum", "magnitude", "category",
)  # fmt: skip
EQUAL_VERBS = (
    "is", "are", "was", "be", "being", "becomes", "become", "at", "of", "reads", "shows", "show", "costs", "cost",
    "calls for",
    "forecasts", "stands at", "remains", "stays at", "turns", "gets", "to", "sits at", "has", "scores",
    "displays", "says", "reports", "predicts",
)  # fmt: skip

# --- Moving

FALLING = (
    *forms("drop", "decrease", "decline", "dip", "sink", "reduce", "plunge", "plummet", "shrink", "slide", "slip",
    "tumble",
           "crash", "fall", "lower", "go down", "come down", "deflate", "cheapen", "lose", "slump", "sag",
           "move down", "get cheaper", "go below", "be cheaper"),
    "fell", "fallen", "discounted", "went down", "gone down", "came down", "lost", "sank", "shrunk", "slid",
    "is cheaper", "is reduced",
    "are cheaper", "gets cheaper", "becomes cheaper", "becomes lower", "is lower", "gets lower", "price drop",
    "price cut",
    "markdown", "marked down", "goes lower", "go lower", "weakens", "is down", "less expensive",
    "becomes less expensive",
)  # fmt: skip
RISING = (
    *forms("rise", "increase", "climb", "jump", "grow", "surge", "soar", "gain", "spike", "go up", "come up",
           "move up", "get dearer", "elevate", "rally", "mount", "swell", "skyrocket"),
    "rose", "risen", "went up", "gone up", "grew", "grown", "is higher", "gets higher", "becomes higher",
    "price hike", "price rise", "goes higher", "go higher", "becomes more expensive", "gets more expensive",
    "is more expensive", "strengthens", "is raised", "are raised", "gets raised", "raises",
)  # fmt: skip
MOVING = (
    *forms("change", "move", "vary", "shift", "fluctuate", "differ", "swing", "deviate"), "difference", "change of",
)  # fmt: skip
CHANGE_WORDS = (
    *forms("change", "update", "alter", "modify", "edit", "amend", "revise", "refresh", "differ", "vary", "fluctuate",
    "shift",
           "evolve", "move"),
    "alteration", "alterations", "modification", "modifications", "revision", "revisions", "movement", "movements",
    "different", "difference", "differences", "rewritten", "something new", "anything new", "what's new", "whats new",
    "otherwise", "progress", "news", "activity", "development", "developments", "variation",
)  # fmt: skip
OPPOSITES = (
    ("on", "off"), ("starts", "stops"), ("start", "stop"), ("open", "closed"), ("opens", "closes"), ("up", "down"),
    ("turned on", "turned off"), ("in", "out"), ("available", "unavailable"), ("rises", "falls"), ("goes up", "down"),
    ("increases", "decreases"), ("low", "normal"), ("low", "high"), ("in stock", "out of stock"), ("online", "offline"),
    ("open", "close"), ("up", "goes down"),
)  # fmt: skip

# --- New things

NEW_DETERMINERS = ("a new", "any new", "some new", "new", "another", "the next", "fresh", "additional", "more",
                   "a fresh", "any additional", "a further", "further", "any more")  # fmt: skip
NEW_ITEMS = (
    "post", "article", "blog post", "episode", "release", "version", "video", "song", "album", "issue", "listing",
    "job",
    "job posting", "vacancy", "position", "opening", "entry", "item", "comment", "review", "announcement", "news",
    "paper",
    "event", "message", "commit", "tag", "photo", "product", "chapter", "report", "property", "flat", "apartment",
    "house",
    "ad", "offer", "deal", "auction", "lot", "edition", "podcast", "story", "question", "answer", "thread", "file",
    "document",
    "bulletin", "advisory", "vulnerability", "cve", "patch", "build", "model", "dataset", "notice", "tender",
    "press release", "statement", "record", "result", "recall", "show", "date", "concert", "course", "track",
    "incident",
    "role", "opportunity", "grant", "letter", "newsletter", "bug", "pull request", "warning", "filing", "minutes",
    "sighting",
)  # fmt: skip
POSTING_VERBS = (
    "publish", "post", "release", "upload", "add", "announce", "launch", "issue", "introduce", "drop", "put out",
)  # fmt: skip
PUBLISHING_VERBS = (
    *forms("publish", "post", "release", "upload", "add", "list", "announce", "launch", "issue", "drop", "air", "share",
           "advertise", "open", "arrive", "land", "appear", "emerge", "surface", "pop up", "show up", "come out",
           "go up",
           "go live", "come in", "put up", "turn up", "come online", "introduce", "feature"),
    "put out", "puts out", "comes out", "out", "online", "there", "available", "is", "are", "gets", "been", "be",
    "has", "have",
    "live", "up",
)  # fmt: skip

# --- States in words

AVAILABLE = (
    "back in stock", "in stock", "in-stock", "instock", "available to order", "available to buy",
    "available for purchase",
    "available", "restocked", "back on the shelves", "in supply", "up for grabs", "purchasable", "orderable", "buyable",
    "bookable", "reservable", "obtainable", "for sale", "stocked", "back on sale", "returns to stock",
    "comes back in stock", "comes back into stock", "back into stock", "gettable", "stock again", "vacant", "on stock",
)  # fmt: skip
UNAVAILABLE = (
    "out of stock", "out-of-stock", "sold out", "sold-out", "unavailable", "not in stock", "fully booked", "booked out",
    "sells out", "sell out", "gone", "booked up", "discontinued", "backordered", "selling out", "no longer sold",
)  # fmt: skip
BUYING_VERBS = (
    "buy", "order", "purchase", "book", "reserve", "get", "pre-order", "preorder", "rent", "hire", "schedule", "make",
    "grab",
    "pick up", "borrow", "download",
)  # fmt: skip
APPLYING_VERBS = ("register", "apply", "sign up", "enrol", "enroll", "join", "submit", "vote", "enter", "subscribe")
FREEING_VERBS = (
    *forms("open up", "free up", "become free", "come free", "come up", "pop up", "turn up", "get free",
    "become vacant", "show up"),
    "is free", "are free", "opens", "open", "appears", "appear",
)  # fmt: skip
BOOKABLES = (
    "appointment", "appointments", "slot", "slots", "spot", "spots", "seat", "seats", "table", "tables", "room",
    "rooms",
    "place", "places", "campsite", "campsites", "permit", "permits", "ticket", "tickets", "reservation", "reservations",
    "session", "sessions", "delivery slot", "bed", "beds", "cabin", "desk", "pitch", "site", "stand", "vacancy",
    "vacancies",
    "space", "spaces", "stay", "stays", "dates", "tee time", "tee times", "opening", "cancellation",
)  # fmt: skip
PROCESSES = (
    "registration", "registrations", "enrolment", "enrollment", "application", "applications", "admission",
    "admissions",
    "sign-up", "sign-ups", "signup", "signups", "booking", "bookings", "check-in", "voting", "submission",
    "submissions",
    "waitlist", "waiting list", "pre-order", "pre-orders", "preorder", "preorders", "ticket sales", "presale",
    "sales", "sale",
    "lottery", "ballot", "beta", "nominations", "entries", "call for papers", "ticket sale", "reservations",
    "auditions",
    "submission portal", "application portal", "application window", "registration window", "intake",
)  # fmt: skip
OPENING = ("open", "opens", "opened", "reopens", "reopen", "reopened", "re-opens", "re-opened", "re-open", "unlocked",
           "opens up", "opened up", "reopening", "opening", "is unlocked")  # fmt: skip
CLOSING = ("closed", "closes", "close", "shut", "shuts", "shut down", "closing", "locked", "shuts down", "closed down")
SERVICES = (
    "site", "website", "web site", "server", "service", "page", "api", "webpage", "host", "app", "homepage", "portal",
    "shop",
    "dashboard", "system", "systems", "endpoint", "network", "node", "blog", "store", "status", "cluster", "database",
)  # fmt: skip
EVENT_VERBS: dict[str, str] = {
    **dict.fromkeys(forms("start", "begin", "commence", "kick off"), "started"),
    **dict.fromkeys((*forms("end", "finish", "conclude"), "is over", "are over", "is finished", "is done"), "ended"),
    **dict.fromkeys(
        (*forms("come out", "release"), "came out", "is out", "are out", "is now out", "are now out"), "released"
    ),
    **dict.fromkeys(forms("launch", "go live", "premiere"), "launched"),
    **dict.fromkeys(forms("arrive", "land"), "arrived"),
    **dict.fromkeys(forms("depart", "leave"), "departed"),
    **dict.fromkeys(forms("ship", "dispatch"), "shipped"),
    **dict.fromkeys(forms("expire", "lapse"), "expired"),
    **dict.fromkeys(forms("fail", "break"), "failed"),
    **dict.fromkeys(forms("win"), "won"),
    **dict.fromkeys(forms("recover"), "recovered"),
    **dict.fromkeys(forms("freeze"), "frozen"),
    **dict.fromkeys(forms("pass"), "passed"),
    **dict.fromkeys(forms("resume"), "resumed"),
    **dict.fromkeys(forms("stop"), "stopped"),
}
"""A verb without complement -> the state the thing is in from then on."""

WEATHER: dict[str, str] = {
    **dict.fromkeys(("rain", "rains", "raining", "rainy", "rainfall"), "raining"),
    **dict.fromkeys(("snow", "snows", "snowing", "snowy", "snowfall"), "snowy"),
    **dict.fromkeys(("sleet", "sleets", "sleeting", "sleety"), "sleety"),
    **dict.fromkeys(("drizzle", "drizzles", "drizzling", "drizzly"), "drizzling"),
    **dict.fromkeys(("sun", "sunny", "sunshine"), "sunny"),
    **dict.fromkeys(("cloudy", "overcast"), "cloudy"),
    **dict.fromkeys(("windy",), "windy"),
    **dict.fromkeys(("foggy",), "foggy"),
    **dict.fromkeys(("stormy", "thunderstorm", "thunderstorms", "thundering"), "stormy"),
    **dict.fromkeys(("hail", "hailing", "hails"), "hailing"),
}
WEATHER_FOLLOWERS = (
    "", "in", "at", "on", "here", "there", "outside", "out", "over", "near", "around", "today", "tomorrow", "tonight",
    "now",
    "starts", "start", "begins", "begin", "falls", "falling", "begins", "is", "weather", "conditions", "condition",
    "precipitation", "this", "for", "where", "again", "by", "soon", "later", "to", "comes", "and", "i", "has",
    "arrives",
)  # fmt: skip
MOON_PHASES: dict[str, str] = {
    "new moon": "new moon", "full moon": "full moon", "moon is full": "full moon", "moon is new": "new moon",
    "full phase": "full moon", "first quarter": "first quarter", "third quarter": "third quarter",
    "last quarter": "last quarter", "third phase": "third quarter", "waxing crescent": "waxing crescent",
    "waning crescent": "waning crescent", "waxing gibbous": "waxing gibbous", "waning gibbous": "waning gibbous",
}  # fmt: skip
MOON_WORDS = ("moon", "lunar", "phase", "phases")

SAYING_VERBS = (
    *forms("say", "contain", "mention", "include", "show", "read", "announce", "report", "return"),
    "lists", "listing", "displays", "displaying", "features", "states", "stated", "said", "shown", "has the word",
    "has the words", "has the text", "has the phrase", "carries the words",
)  # fmt: skip
APPEARING_VERBS = (
    *forms("appear", "show up", "turn up", "pop up"), "is mentioned", "is shown", "is displayed", "is listed",
    "is there",
    "is on the page", "is present", "can be found", "is found", "are mentioned", "are listed", "gets mentioned",
    "is named",
    "gets listed",
)  # fmt: skip
VANISHING_VERBS = (
    *forms("disappear", "vanish", "go away"), "is removed", "is gone", "gets removed", "are gone", "are removed",
    "is taken down", "is deleted", "goes missing", "is missing", "has been removed", "was removed", "is dropped from",
)  # fmt: skip
TEXT_NOUNS = ("the word", "the words", "the phrase", "the text", "the term", "the message", "the string",
"the sentence",
              "the name", "word", "phrase", "text", "a mention of", "the label", "the line", "the notice",
              "the title")  # fmt: skip
LINKING_VERBS = (
    "is", "are", "was", "were", "be", "becomes", "become", "became", "gets", "get", "got", "turns", "turn",
    "turned", "goes", "go", "went", "has been", "have been", "will be", "has", "comes", "come", "equals", "shows as",
    "is marked", "changes to", "change to", "changed to", "switches to", "switch to", "moves to", "flips to", "reads",
    "is set to", "switched to", "enters", "remains", "stays", "looks", "hits", "goes to", "are being", "is being",
    "turns into", "changes into", "goes from", "moves from", "switches from", "changes from", "changed from",
    "change from", "other than",
    "different from", "different than",
    "gets switched", "gets turned", "is switched", "is turned",
    "is going to be", "calls for", "switches", "has gone", "has become", "transitions to", "moves out of",
)  # fmt: skip
VALUE_FILLERS = (
    "longer",     "about", "now", "finally", "currently", "again", "fully", "exactly", "equal", "to", "back",
    "marked", "set", "as", "in",
    "the", "a",
    "an", "it's", "its", "been", "being", "very", "really", "officially", "once", "more", "all", "actually", "just",
    "any",
    "state", "status", "phase", "either", "showing", "get", "yet", "anything", "already", "completely", "going", "be",
)  # fmt: skip
STATE_PHRASES = (
    "on time", "on hold", "on strike", "in progress", "in transit", "in use", "in service", "under review",
    "out for delivery",
    "up to date", "at risk", "under maintenance", "under construction", "out of order", "out of service",
    "out of office",
    "by appointment only", "to let", "on its way", "on display", "at home", "in effect", "in force",
)  # fmt: skip
"""States of several words that begin as a place or a time would."""

COUNTED_ADJECTIVES: dict[str, str] = {
    "late": "delay", "full": "occupancy", "old": "age", "long": "length", "tall": "height", "high": "height",
    "wide": "width",
    "away": "distance", "deep": "depth", "complete": "progress", "done": "progress", "funded": "funding",
    "empty": "vacancy",
}  # fmt: skip
"""An adjective after a number and its unit -> the attribute it speaks of ("10 minutes late")."""

VALUE_ENDS = (
    "at", "in", "on", "for", "by", "from", "of", "or", "and", "again", "with", "here", "there", "yet", "over", "near",
    "as",
    "where", "so", "because", "than", "to", "today", "now", "please", "then", "that", "i", "anywhere", "any", "through",
    "according", "via", "anymore", "already", "after", "before", "during", "since", "until", "under", "within", "i'm",
)  # fmt: skip
