"""Units of measure and currencies, as people write them, by the one name used for each."""

CURRENCIES: dict[str, str] = {
    "us$": "USD", "$": "USD", "dollars": "USD", "dollar": "USD", "bucks": "USD", "usd": "USD", "us dollars": "USD",
    "€": "EUR", "euros": "EUR", "euro": "EUR", "eur": "EUR", "£": "GBP", "pounds": "GBP", "pound": "GBP", "gbp": "GBP",
    "quid": "GBP", "¥": "JPY", "yen": "JPY", "jpy": "JPY", "chf": "CHF", "francs": "CHF", "swiss francs": "CHF", "fr.": "CHF",
    "₹": "INR", "rupees": "INR", "rs.": "INR", "rs": "INR", "inr": "INR", "₩": "KRW", "won": "KRW", "krw": "KRW",
    "₽": "RUB", "rubles": "RUB", "rub": "RUB", "₺": "TRY", "lira": "TRY", "zł": "PLN", "zloty": "PLN", "pln": "PLN",
    "a$": "AUD", "au$": "AUD", "aud": "AUD", "c$": "CAD", "ca$": "CAD", "cad": "CAD", "nz$": "NZD", "nzd": "NZD",
    "hk$": "HKD", "hkd": "HKD", "s$": "SGD", "sgd": "SGD", "r$": "BRL", "brl": "BRL", "reais": "BRL", "kr": "SEK",
    "sek": "SEK", "nok": "NOK", "dkk": "DKK", "kronor": "SEK", "kroner": "NOK", "cny": "CNY", "yuan": "CNY", "rmb": "CNY",
    "mxn": "MXN", "pesos": "MXN", "zar": "ZAR", "rand": "ZAR", "czk": "CZK", "huf": "HUF", "btc": "BTC", "eth": "ETH",
    "₿": "BTC", "australian dollars": "AUD", "canadian dollars": "CAD", "pounds sterling": "GBP", "sterling": "GBP",
    "dirhams": "AED", "aed": "AED", "try": "TRY", "₴": "UAH", "uah": "UAH", "usdt": "USDT",
}  # fmt: skip
CENTS: dict[str, str] = {"cents": "USD", "cent": "USD", "¢": "USD", "pence": "GBP"}
"""A hundredth of a currency."""

_MEASURES = {
    "%": ("%", "percent", "per cent", "pct", "percents", "prozent"),
    "percentage points": ("percentage points", "percentage point", "pp"),
    "points": ("points", "point", "pts"),
    "bps": ("basis points", "basis point", "bps"),
    "°C": ("°c", "° c", "℃", "degrees celsius", "degree celsius", "degrees c", "celsius", "centigrade", "degrees centigrade",
           "deg c"),
    "°F": ("°f", "° f", "℉", "degrees fahrenheit", "degree fahrenheit", "degrees f", "fahrenheit", "deg f", "f"),
    "°": ("°", "degrees", "degree", "deg"),
    "km/h": ("km/h", "km / h", "km/hr", "km / hr", "kmh", "kph", "kmph", "km per hour", "km an hour", "km / hour", "km/hour",
             "kilometers per hour", "kilometres per hour", "kilometers an hour", "kilometres an hour", "kilometer per hour",
             "kilometre per hour", "km/ h", "km /h"),
    "mph": ("mph", "miles per hour", "miles an hour", "mile per hour", "mi/h", "mpg", "miles/hour"),
    "m/s": ("m/s", "meters per second", "metres per second"),
    "kn": ("knots", "knot", "kn"),
    "km": ("km", "kms", "kilometers", "kilometres", "kilometer", "kilometre"),
    "mi": ("miles", "mile", "mi"),
    "m": ("m", "meters", "metres", "meter", "metre"),
    "cm": ("cm", "centimeters", "centimetres"),
    "mm": ("mm", "millimeters", "millimetres"),
    "ft": ("ft", "feet", "foot"),
    "in": ("inches", "inch"),
    "kg": ("kg", "kgs", "kilos", "kilograms", "kilogram", "kilo"),
    "g": ("g", "grams", "gram", "grammes"),
    "lb": ("lb", "lbs"),
    "t": ("tonnes", "tons", "tonne"),
    "oz": ("oz", "ounces", "ounce"),
    "l": ("l", "liters", "litres", "liter", "litre"),
    "gal": ("gallons", "gallon"),
    "ms": ("ms", "milliseconds", "millisecond"),
    "s": ("s", "seconds", "second", "secs", "sec"),
    "min": ("min", "mins", "minutes", "minute"),
    "h": ("h", "hours", "hour", "hrs", "hr"),
    "days": ("days", "day", "tage", "jours", "días"),
    "weeks": ("weeks", "week"),
    "months": ("months", "month"),
    "years": ("years", "year"),
    "kB": ("kb", "kilobytes"),
    "MB": ("mb", "megabytes"),
    "GB": ("gb", "gigabytes"),
    "TB": ("tb", "terabytes"),
    "Mbps": ("mbps", "mbit/s"),
    "W": ("w", "watts", "watt"),
    "kW": ("kw", "kilowatts"),
    "MW": ("mw", "megawatts"),
    "kWh": ("kwh",),
    "V": ("v", "volts"),
    "hPa": ("hpa", "mbar", "millibars"),
    "dB": ("db", "decibels"),
    "ppm": ("ppm",),
    "µg/m³": ("µg/m³", "ug/m3", "μg/m³", "µg/m3"),
}  # fmt: skip
MEASURES: dict[str, str] = {spelling: unit for unit, spellings in _MEASURES.items() for spelling in spellings}

CURRENCY_CODES = frozenset(CURRENCIES.values())

MULTIPLIERS: dict[str, float] = {
    "k": 1e3, "thousand": 1e3, "grand": 1e3, "tsd": 1e3, "million": 1e6, "millions": 1e6, "mio": 1e6, "mn": 1e6, "mln": 1e6,
    "billion": 1e9, "billions": 1e9, "bn": 1e9, "mrd": 1e9, "trillion": 1e12, "hundred": 100, "lakh": 1e5, "lakhs": 1e5,
    "crore": 1e7, "dozen": 12, "thousands": 1e3,
}  # fmt: skip
MONEY_MULTIPLIERS: dict[str, float] = {"m": 1e6, "b": 1e9, "t": 1e12}
"""Letters that multiply an amount of money only ("$1.5m"; "5 m" alone are metres)."""

NUMBER_WORDS: dict[str, int] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
SCALE_WORDS: dict[str, int] = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "dozen": 12}
