"""Which rules judge a series: looked up by its metric and labels, not tried one rule after the other."""

from collections.abc import Iterator, Mapping, Sequence

from monitors_contracts.matchers import Matcher, matches


class Selection:
    """Rules by what they select. Rules of one metric that name the same labels exactly are found by one look-up."""

    def __init__(self) -> None:
        self._shapes: dict[str, dict[tuple[str, ...], dict[tuple[str, ...], list[tuple[int, list[Matcher]]]]]] = {}

    def add(self, number: int, metric: str, matchers: Sequence[Matcher]) -> None:
        """From now on the rule of this number is found by the series that it selects."""
        exact = {matcher.label: matcher.value for matcher in matchers if matcher.op == "="}
        others = [matcher for matcher in matchers if exact.get(matcher.label) != matcher.value or matcher.op != "="]
        shape = tuple(sorted(exact))
        values = tuple(exact[label] for label in shape)
        self._shapes.setdefault(metric, {}).setdefault(shape, {}).setdefault(values, []).append((number, others))

    def knows(self, metric: str) -> bool:
        """Whether any rule is about this metric."""
        return metric in self._shapes

    @property
    def metrics(self) -> set[str]:
        """The metrics that rules are about."""
        return set(self._shapes)

    def of(self, metric: str, labels: Mapping[str, str]) -> Iterator[int]:
        """The numbers of the rules that judge this series."""
        for shape, rules in self._shapes.get(metric, {}).items():
            for number, others in rules.get(tuple(labels.get(label, "") for label in shape), ()):
                if all(matches(matcher, labels) for matcher in others):
                    yield number
