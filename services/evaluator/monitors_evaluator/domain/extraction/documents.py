"""Statements of nested data (JSON, XML, CSV, scripts): every leaf, named by its keys, found again by a JMESPath expression.

An item of a list is selected by what names it (`items[?name=='Ridge Trail']`), never by its place.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import JsonValue

_NAMING = ("name", "title", "id", "symbol", "code", "key", "label", "slug", "ticker", "currency", "station", "sku", "ref",
           "line", "number", "iata", "city", "country", "type", "product", "model", "pair", "base")  # fmt: skip
_MAX_LEAVES, _MAX_DEPTH = 5_000, 24


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value in nested data: `keys` name it, closest first; `siblings` name what it belongs to; `path` finds it.

    `steps` are the keys and places that lead to it in this very document.
    """

    value: str | float | bool
    keys: tuple[str, ...]
    siblings: tuple[str, ...]
    path: str
    group: str
    steps: tuple[str | int, ...] = ()


_Branch = tuple[JsonValue, tuple[str, ...], tuple[str, ...], str, str, tuple[str | int, ...]]


def leaves(data: JsonValue) -> Iterator[Leaf]:
    """All values of a document, in its order; at most some thousands."""
    count = 0
    stack: list[_Branch] = [(data, (), (), "", "", ())]
    while stack and count < _MAX_LEAVES:
        value, keys, siblings, path, group, steps = stack.pop()
        if len(steps) > _MAX_DEPTH or value is None:
            continue
        if isinstance(value, dict):
            named = _names_of(value)
            for key in reversed(list(value)):
                child = value[key]
                here = tuple(text for name, text in named if name != key)
                quoted = json.dumps(key, ensure_ascii=False)
                step = f"{path}.{quoted}" if path else quoted
                stack.append((child, (key, *keys), here + siblings, step, f"{group}.{key}", (*steps, key)))
        elif isinstance(value, list):
            children: list[_Branch] = []
            for at, (child, select) in enumerate(zip(value[:2_000], _selectors(value[:2_000]), strict=True)):
                if select is None and len(value) > 1:
                    continue
                step = f"{path or '@'}[?{select}] | [0]" if select else f"{path or '@'}[0]"
                children.append((child, keys, siblings, step, f"{group}[]", (*steps, at)))
            stack.extend(reversed(children))
        else:
            count += 1
            if isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
            yield Leaf(value, keys, siblings, path, group, steps)


def _names_of(item: dict[str, JsonValue]) -> list[tuple[str, str]]:
    """The short texts of an object that name it, the usual naming keys first."""
    texts = [
        (key, value)
        for key, value in item.items()
        if isinstance(value, str)
        and 0 < len(value) <= 80
        and not re.fullmatch(r"[\W\d]*", value)
        and "://" not in value
    ]
    return sorted(texts, key=lambda pair: _rank(pair[0]))[:6]


def _rank(key: str) -> int:
    words = re.split(r"[\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).casefold())
    return min((_NAMING.index(word) for word in words if word in _NAMING), default=len(_NAMING))


def _selectors(items: list[JsonValue]) -> list[str | None]:
    """For each item the condition that only it meets, by the key that names it best; None without one."""
    objects = [item for item in items if isinstance(item, dict)]
    keys = sorted(
        {key for item in objects[:50] for key in item if _rank(key) < len(_NAMING)}, key=lambda key: (_rank(key), key)
    )
    counts = {key: Counter(value for item in objects if _names(value := item.get(key))) for key in keys}
    found: list[str | None] = []
    for item in items:
        chosen = None
        for key in keys if isinstance(item, dict) else ():
            value = item.get(key) if isinstance(item, dict) else None
            if _names(value) and counts[key][value] == 1:
                literal = json.dumps(value, ensure_ascii=False).replace("`", "\\`")
                chosen = f"{json.dumps(key, ensure_ascii=False)} == `{literal}`"
                break
        found.append(chosen)
    return found


def _names(value: JsonValue) -> bool:
    return (isinstance(value, str) and 0 < len(value) <= 120) or (
        isinstance(value, int) and not isinstance(value, bool)
    )


def find(data: JsonValue, path: str) -> JsonValue:
    """The value at a path; None when it is not there any more."""
    if not path:
        return data
    try:
        return jmespath.search(path, data)
    except (JMESPathError, ValueError, TypeError, RecursionError):
        return None
