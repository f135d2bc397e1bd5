"""A short name for a monitor: `Copper kettle price below 60 USD`."""

from monitors_contracts.monitors import Change, Condition, Operator

MAX_LENGTH = 100

_RELATIONS = {
    (Operator.LE, True): "below",
    (Operator.LE, False): "at most",
    (Operator.GE, True): "above",
    (Operator.GE, False): "at least",
    (Operator.EQ, False): "is",
    (Operator.NE, False): "is not",
    (Operator.CONTAINS, False): "says",
}


def suggested_name(fact: str, subject: str, asked: Condition | Change) -> str:
    """A name of at most 100 characters."""
    shown = f"{subject} {fact}" if fact.lower() not in subject.lower() else subject
    if fact.lower().startswith("new ") and subject:
        shown = f"{fact}: {subject}"
    name = f"{shown} {_asked(asked)}".strip()
    name = name[:1].upper() + name[1:]
    if len(name) > MAX_LENGTH:
        name = name[: MAX_LENGTH - 1].rsplit(" ", 1)[0][: MAX_LENGTH - 1] + "…"
    return name


def _asked(asked: Condition | Change) -> str:
    if isinstance(asked, Condition):
        value = f"{asked.value:,.10g}" if isinstance(asked.value, float) else str(asked.value)
        relation = _RELATIONS.get((asked.op, asked.strict), "")
        return f"{relation} {value} {asked.unit or ''}".rstrip()
    verb = {"any": "", "increase": "rises", "decrease": "drops"}[asked.direction]
    if asked.at_least_percent is not None:
        return f"{verb or 'changes'} by {asked.at_least_percent:g} %"
    if asked.at_least is not None:
        return f"{verb or 'changes'} by {asked.at_least:g}"
    return verb
