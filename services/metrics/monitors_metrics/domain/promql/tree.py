"""PromQL expressions as plain values. Times and spans are milliseconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias

import promql_parser

from ..batches import duration, milliseconds
from ..selectors import InvalidQuery, Selector, parse, selector_of, understood

LONGEST = timedelta(days=100 * 365)
Card: TypeAlias = Literal["one-to-one", "many-to-one", "one-to-many", "many-to-many"]


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    value: str


@dataclass(frozen=True, slots=True)
class Read:
    """Samples of series: the latest at each step, or all of the `span` before it."""

    selector: Selector
    span: int | None
    offset: int
    at: int | None


@dataclass(frozen=True, slots=True)
class Rolled:
    """A function over time of what `read` selects, made of rollups of `span` each."""

    function: str
    read: Read
    span: int


@dataclass(frozen=True, slots=True)
class Subquery:
    """An expression evaluated every `step` of the `span` before each step."""

    expression: "Node"
    span: int
    step: int | None
    offset: int
    at: int | None


@dataclass(frozen=True, slots=True)
class Call:
    """A function of its arguments."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Series that agree in `labels` (or in all but these, `without`) as one."""

    op: str
    expression: "Node"
    parameter: "Node | None"
    labels: tuple[str, ...]
    without: bool


@dataclass(frozen=True, slots=True)
class Binary:
    """Two sides and what is between. Series match that agree in `labels` (`on`), or in all but these."""

    op: str
    left: "Node"
    right: "Node"
    as_bool: bool
    on: bool
    labels: tuple[str, ...]
    card: Card
    include: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Negate:
    """The negative."""

    expression: "Node"


Node: TypeAlias = Number | Text | Read | Rolled | Subquery | Call | Aggregate | Binary | Negate


def parsed(text: str, start: int, end: int) -> Node:
    """The tree of a query that is asked from `start` to `end`. Raises InvalidQuery for what is wrong or not supported."""
    with understood():
        return _Reader(start, end).node(parse(text))


def reads(node: Node, first: int, last: int, look_back: int) -> Iterator[tuple[Read | Rolled, int, int]]:
    """What a query needs when it is evaluated from `first` to `last`: samples after the one time, up to the other."""
    match node:
        case Rolled(read=read):
            for _, begin, end in reads(read, first, last, look_back):
                yield node, begin, end
        case Read():
            begin, end = shifted(node, first), shifted(node, last)
            yield node, begin - (look_back if node.span is None else node.span), end
        case Subquery():
            begin, end = shifted(node, first), shifted(node, last)
            yield from reads(node.expression, begin - node.span, end, look_back)
        case Call():
            for argument in node.arguments:
                yield from reads(argument, first, last, look_back)
        case Aggregate():
            yield from reads(node.expression, first, last, look_back)
            if node.parameter is not None:
                yield from reads(node.parameter, first, last, look_back)
        case Binary():
            yield from reads(node.left, first, last, look_back)
            yield from reads(node.right, first, last, look_back)
        case Negate():
            yield from reads(node.expression, first, last, look_back)
        case Number() | Text():
            pass


def shifted(node: Read | Subquery, time: int) -> int:
    """Up to when it looks at this time, by its offset and `@`."""
    return (time if node.at is None else node.at) - node.offset


_CARDS: dict[str, Card] = {
    "OneToOne": "one-to-one",
    "ManyToOne": "many-to-one",
    "OneToMany": "one-to-many",
    "ManyToMany": "many-to-many",
}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns what the parser gives into ours. `@ start()` and `@ end()` are times from here on."""

    start: int
    end: int

    def node(self, given: Any) -> Node:
        match given:
            case promql_parser.NumberLiteral():
                return Number(given.val)
            case promql_parser.StringLiteral():
                return Text(given.val)
            case promql_parser.ParenExpr():
                return self.node(given.expr)
            case promql_parser.UnaryExpr():
                return Negate(self.node(given.expr))
            case promql_parser.VectorSelector():
                return Read(selector_of(given), None, _span(given.offset), self._at(given.at))
            case promql_parser.MatrixSelector():
                inner = given.vector_selector
                return Read(selector_of(inner), _span(given.range), _span(inner.offset), self._at(inner.at))
            case promql_parser.SubqueryExpr():
                step = _span(given.step) if given.step is not None else None
                at = self._at(given.at)
                return Subquery(self.node(given.expr), _span(given.range), step, _span(given.offset), at)
            case promql_parser.Call():
                return Call(given.func.name, tuple(self.node(argument) for argument in given.args))
            case promql_parser.AggregateExpr():
                return self._aggregate(given)
            case promql_parser.BinaryExpr():
                return self._binary(given)
            case _:
                raise InvalidQuery(f"{type(given).__name__} is not supported")

    def _aggregate(self, given: Any) -> Aggregate:
        modifier = given.modifier
        without = modifier is not None and str(modifier.type).endswith("Without")
        parameter = self.node(given.param) if given.param is not None else None
        labels = tuple(modifier.labels) if modifier is not None else ()
        return Aggregate(str(given.op), self.node(given.expr), parameter, labels, without)

    def _binary(self, given: Any) -> Binary:
        left, right, op, modifier = self.node(given.lhs), self.node(given.rhs), str(given.op), given.modifier
        if modifier is None:
            return Binary(op, left, right, False, False, (), "one-to-one", ())
        if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
            raise InvalidQuery("`fill` is not supported")
        matching = modifier.matching
        return Binary(
            op,
            left,
            right,
            modifier.return_bool,
            matching is not None and str(matching.type).endswith("Include"),
            tuple(matching.labels) if matching is not None else (),
            _CARDS[str(modifier.card).rpartition(".")[2]],
            tuple(modifier.group_labels or ()),
        )

    def _at(self, given: Any) -> int | None:
        if given is None:
            return None
        match str(given.type).rpartition(".")[2]:
            case "Start":
                return self.start
            case "End":
                return self.end
            case _:
                return milliseconds(given.at)


def _span(given: timedelta | None) -> int:
    if given is None:
        return 0
    if abs(given) > LONGEST:
        raise InvalidQuery(f"a duration may have {LONGEST.days // 365} years")
    return duration(given)
