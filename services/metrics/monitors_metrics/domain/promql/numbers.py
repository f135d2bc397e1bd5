"""Numbers as Prometheus writes them: `1`, `0.5`, `NaN`, `+Inf`."""

from ..samples import Values

_ODD = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}


def number_texts(values: Values) -> list[str]:
    """Each of the numbers as a text that says all of it."""
    texts = [text[:-2] if text[-2:] == ".0" else text for text in map(repr, values.tolist())]
    return [_ODD.get(text, text) for text in texts]


def number_text(value: float) -> str:
    """One number as a text."""
    text = repr(value).removesuffix(".0")
    return _ODD.get(text, text)
