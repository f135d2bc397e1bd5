"""Decisions: fire once, clear once, and never by a failure or an unsure reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.monitors import Change, Condition, Evidence, Interpretation, Operator, Verdict
from monitors_contracts.pages import Failure
from monitors_evaluator.domain.extraction import Extraction
from monitors_evaluator.domain.verdict import Decision, State, decide, holds


def read(value: float | bool | str | None, confidence: float = 0.9, unit: str | None = None) -> Extraction:
    return Extraction(value, unit, Evidence(quote=str(value), method="text"), confidence)


def below(limit: float, *, strict: bool = True, unit: str | None = None) -> Interpretation:
    condition = Condition(op=Operator.LE, value=limit, strict=strict, unit=unit)
    return Interpretation(kind="state", fact="price", fact_type="number", condition=condition, name="n", confidence=1)


def changes(change: Change | None = None, fact: str = "price") -> Interpretation:
    return Interpretation(kind="change", fact=fact, fact_type="number", change=change, name="n", confidence=1)


def settle(interpretation: Interpretation, state: State, outcome: Extraction | Failure | None) -> Decision:
    """A check with the second fetch that it may ask for, which shows the same."""
    decision = decide(interpretation, state, outcome)
    if decision.needs_confirmation and isinstance(outcome, Extraction):
        return decide(interpretation, state, outcome, pending=outcome.value)
    return decision


def crossings(interpretation: Interpretation, outcomes: list[Extraction | Failure | None]) -> list[str | None]:
    state, found = State(), list[str | None]()
    for outcome in outcomes:
        decision = settle(interpretation, state, outcome)
        state = decision.state
        found.append(decision.crossing)
    return found


def test_state_when_already_true_at_first_then_fires() -> None:
    decision = decide(below(50), State(), read(40.0))
    assert (decision.verdict, decision.reason, decision.crossing) == (Verdict.TRIGGERED, "condition-met", "exceeded")


def test_state_when_true_false_true_then_fires_clears_and_fires() -> None:
    found = crossings(below(50), [read(60.0), read(49.0), read(45.0), read(55.0), read(48.0)])
    assert found == [None, "exceeded", None, "cleared", "exceeded"]


def test_state_when_limit_is_strict_then_the_limit_itself_is_not_met() -> None:
    assert decide(below(50), State(), read(50.0)).reason == "not-met"
    assert decide(below(50, strict=False), State(), read(50.0)).reason == "condition-met"


@pytest.mark.parametrize("outcome", [*Failure, None, read(None), read(1.0, confidence=0.1), read(float("nan"))])
def test_check_when_nothing_sure_was_read_then_nothing_changes(outcome: Extraction | Failure | None) -> None:
    known = State(60.0, False)
    for interpretation in (below(50), changes()):
        decision = decide(interpretation, known, outcome)
        assert decision.verdict in (Verdict.FAILED, Verdict.UNCERTAIN)
        assert (decision.state, decision.crossing, decision.needs_confirmation) == (known, None, False)
        assert decision.detail


def test_state_when_value_more_than_halves_then_a_second_fetch_decides() -> None:
    known = State(100.0, False)
    first = decide(below(50), known, read(4.0))
    assert first.needs_confirmation
    assert (first.verdict, first.state) == (Verdict.UNCERTAIN, known)
    same = decide(below(50), known, read(4.0), pending=4.0)
    assert (same.verdict, same.confirmed) == (Verdict.TRIGGERED, True)
    other = decide(below(50), known, read(99.0), pending=4.0)
    assert (other.verdict, other.reason, other.state) == (Verdict.UNCERTAIN, "not-confirmed", known)


def test_state_when_surprise_crosses_nothing_then_no_confirmation_is_asked() -> None:
    decision = decide(below(50), State(100.0, False), read(900.0))
    assert not decision.needs_confirmation
    assert decision.state == State(900.0, False)


def test_state_when_found_by_a_new_plan_then_a_crossing_is_confirmed() -> None:
    assert decide(below(50), State(51.0, False), read(49.0), rederived=True).needs_confirmation
    assert not decide(below(50), State(51.0, False), read(49.0)).needs_confirmation


def test_change_when_first_value_then_quiet() -> None:
    decision = decide(changes(), State(), read(24.0))
    assert (decision.verdict, decision.reason, decision.change_type) == (Verdict.QUIET, "first-value", "new")


def test_change_when_value_moves_then_amount_and_percentage_are_told() -> None:
    decision = decide(changes(), State(24.0), read(30.0))
    assert (decision.verdict, decision.change_type) == (Verdict.TRIGGERED, "increase")
    assert (decision.change_amount, decision.change_percentage) == (6.0, 25.0)


@pytest.mark.parametrize(
    ("change", "after", "reason"),
    [
        (Change(direction="decrease"), 26.0, "other-direction"),
        (Change(direction="decrease"), 22.0, "changed"),
        (Change(at_least=3.0), 22.0, "small-change"),
        (Change(at_least=3.0), 21.0, "changed"),
        (Change(at_least_percent=10.0), 26.0, "small-change"),
        (Change(at_least_percent=10.0), 26.4, "changed"),
    ],
)
def test_change_when_bounds_are_set_then_they_hold(change: Change, after: float, reason: str) -> None:
    assert decide(changes(change), State(24.0), read(after)).reason == reason


def test_change_when_only_case_and_spaces_differ_then_quiet() -> None:
    assert decide(changes(fact="wording"), State("Open  Now"), read("open now")).reason == "unchanged"


def test_new_items_when_one_is_removed_then_quiet_and_when_one_is_added_then_fires() -> None:
    monitor = changes(fact="new job posting").model_copy(update={"fact_type": "string"})
    assert decide(monitor, State("Nurse\nCook"), read("Cook")).reason == "nothing-new"
    fired = decide(monitor, State("Nurse\nCook"), read("Nurse\nCook\nDriver"))
    assert fired.verdict is Verdict.TRIGGERED
    assert "Driver" in fired.detail


@pytest.mark.parametrize(
    ("condition", "value", "unit", "expected"),
    [
        (Condition(op=Operator.EQ, value="open"), "Open", None, True),
        (Condition(op=Operator.NE, value="open"), "closed", None, True),
        (Condition(op=Operator.CONTAINS, value="sold out"), True, None, True),
        (Condition(op=Operator.CONTAINS, value="sold out"), "Now  SOLD out!", None, True),
        (Condition(op=Operator.NE, value="sold out"), False, None, True),
        (Condition(op=Operator.EQ, value=True), False, None, False),
        (Condition(op=Operator.GE, value=30.0, unit="°C"), 88.0, "°F", True),
        (Condition(op=Operator.GE, value=60.0, unit="mph"), 90.0, "km/h", False),
        (Condition(op=Operator.LE, value=50.0, unit="USD"), 40.0, "EUR", None),
        (Condition(op=Operator.LE, value=50.0, unit="USD"), 40.0, "CAD", True),
        (Condition(op=Operator.LE, value=50.0), "sold out", None, None),
        (Condition(op=Operator.LE, value="1 June 2027"), "3 May 2027", None, True),
    ],
)
def test_holds_when_compared_then_units_and_kinds_are_respected(
    condition: Condition, value: float | bool | str, unit: str | None, expected: bool | None
) -> None:
    assert holds(condition, value, unit) is expected


values = st.floats(min_value=0, max_value=200).map(lambda number: round(number, 2))
nothing = st.sampled_from([Failure.CAPTCHA, Failure.TIMEOUT, None])
monitors = st.sampled_from([below(50), changes(), changes(Change(direction="decrease", at_least=5))])


@given(monitors, st.lists(values, max_size=12))
def test_any_history_when_a_value_is_repeated_then_it_does_not_fire_again(
    monitor: Interpretation, history: list[float]
) -> None:
    found = crossings(monitor, [read(value) for value in history for _ in range(2)])
    assert all(again is None for again in found[1::2])


@given(monitors, st.lists(values, max_size=10), st.data())
def test_any_history_when_failures_are_inserted_then_decisions_stay_the_same(
    monitor: Interpretation, history: list[float], data: st.DataObject
) -> None:
    mixed: list[Extraction | Failure | None] = []
    places: list[int] = []
    for value in history:
        mixed.extend(data.draw(st.lists(nothing, max_size=2)))
        places.append(len(mixed))
        mixed.append(read(value))
    found = crossings(monitor, mixed)
    assert [found[place] for place in places] == crossings(monitor, [read(value) for value in history])
    assert all(found[at] is None for at in range(len(found)) if at not in places)


@given(st.lists(values, max_size=20))
def test_any_history_when_state_is_watched_then_fire_and_clear_alternate(history: list[float]) -> None:
    told = [crossing for crossing in crossings(below(50), [read(value) for value in history]) if crossing]
    assert told == ["exceeded", "cleared"] * (len(told) // 2) + ["exceeded"] * (len(told) % 2)
