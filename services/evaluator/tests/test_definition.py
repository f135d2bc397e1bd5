from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.base import new_id
from monitors_contracts.monitors import (
    Condition,
    CreateMonitor,
    Evaluation,
    ExtractionPlan,
    Interpretation,
    MonitorView,
    Operator,
    SourceSettings,
    ThresholdCleared,
    ThresholdExceeded,
    UpdateMonitor,
    Verdict,
)
from monitors_evaluator.domain import definition
from monitors_evaluator.domain.crossing import events_of, fingerprint
from monitors_evaluator.domain.verdict import Decision, State

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://shop.example/kettle"
READ = (
    "plan",
    "current_value",
    "previous_value",
    "unit",
    "condition_met",
    "last_checked",
    "last_verdict",
    "last_reason",
)


def meaning(value: float = 50, kind: Any = "state", name: str = "Kettle") -> Interpretation:
    condition = Condition(op=Operator.LE, value=value, unit="USD") if kind == "state" else None
    return Interpretation(
        kind=kind, fact="price", fact_type="number", condition=condition, url=URL, name=name, confidence=1
    )


def watched() -> MonitorView:
    command = CreateMonitor(organization_id=new_id(), monitor_id=new_id(), user_id=new_id(), prompt="the first prompt")
    fresh = definition.create(command, meaning(), NOW)
    return fresh.model_copy(
        update={
            "plan": ExtractionPlan(method="json_ld"),
            "current_value": 45.0,
            "previous_value": 60.0,
            "unit": "USD",
            "condition_met": True,
            "last_checked": NOW,
            "last_verdict": Verdict.TRIGGERED,
            "last_reason": "condition-met",
            "trigger_count": 3,
            "version": 7,
        }
    )


@given(
    name=st.none() | st.just("A name of its own"),
    active=st.none() | st.booleans(),
    prompt=st.sampled_from([None, "the first prompt", "the second prompt"]),
    source=st.sampled_from([None, SourceSettings(), SourceSettings(render="browser")]),
)
def test_update_forgets_what_was_read_just_when_prompt_or_source_become_others(
    name: str | None, active: bool | None, prompt: str | None, source: SourceSettings | None
):
    monitor = watched()
    command = UpdateMonitor(
        organization_id=monitor.organization_id,
        monitor_id=monitor.id,
        user_id=monitor.user_id,
        name=name,
        is_active=active,
        prompt=prompt,
        source=source,
    )
    read_anew = meaning(40, name="Cheaper kettle") if prompt else None
    changed = definition.update(monitor, command, read_anew, LATER)
    other = prompt == "the second prompt" or source == SourceSettings(render="browser")
    kept = [getattr(changed, field) == getattr(monitor, field) for field in READ]
    assert all(kept) if not other else not any(kept)
    assert (changed.version, changed.updated_at, changed.created_at) == (8, LATER, NOW)
    assert (changed.id, changed.organization_id, changed.trigger_count) == (monitor.id, monitor.organization_id, 3)
    assert changed.is_active == (monitor.is_active if active is None else active)
    assert changed.interpretation == (read_anew if prompt == "the second prompt" else monitor.interpretation)
    renamed = "Cheaper kettle" if prompt == "the second prompt" else "Kettle"
    assert changed.name == (name or renamed)


def test_update_when_the_name_is_a_persons_then_another_prompt_leaves_it():
    monitor = watched().model_copy(update={"name": "Mine"})
    command = UpdateMonitor(
        organization_id=monitor.organization_id,
        monitor_id=monitor.id,
        user_id=monitor.user_id,
        prompt="the second prompt",
    )
    assert definition.update(monitor, command, meaning(40, name="Other"), LATER).name == "Mine"


def test_refresh_asks_for_the_source_and_then_its_fall_backs():
    monitor = watched().model_copy(
        update={"source": SourceSettings(fallback_urls=["https://b.example", "https://c.example"])}
    )
    event = definition.refresh(monitor, new_id(), "manual", NOW)
    assert event.urls == [URL, "https://b.example", "https://c.example"]


def test_fingerprint_is_that_of_the_condition_or_of_the_one_change():
    monitor, first, second = watched(), new_id(), new_id()
    changes = monitor.model_copy(update={"interpretation": meaning(kind="change")})
    assert fingerprint(monitor, first) == fingerprint(monitor, second)
    assert fingerprint(changes, first) != fingerprint(changes, second)
    assert fingerprint(changes, first) == fingerprint(changes, first)
    renamed = monitor.model_copy(update={"name": "Other", "version": 9})
    assert fingerprint(renamed, first) == fingerprint(monitor, first)
    others = {
        fingerprint(monitor.model_copy(update={"interpretation": meaning(49)}), first),
        fingerprint(monitor.model_copy(update={"id": new_id()}), first),
        fingerprint(monitor, first),
        fingerprint(changes, first),
    }
    assert len(others) == 4


@given(
    verdict=st.sampled_from(list(Verdict)),
    crossing=st.sampled_from([None, "exceeded", "cleared"]),
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5) | st.booleans(),
)
def test_events_tell_a_crossing_once_and_measure_only_numbers_that_were_read_for_sure(
    verdict: Verdict, crossing: Any, value: Any
):
    monitor = watched()
    pending = Evaluation(id=new_id(), monitor_id=monitor.id, requested_at=NOW, value=value, evaluated_at=LATER)
    decision = Decision(verdict, "r", "d", State(value, True), value, crossing=crossing)
    evaluated, following = events_of(
        monitor,
        pending,
        decision,
        plan=None,
        content_hash="h",
        batch_id=new_id(),
        measured_at=LATER,
    )
    good = verdict in (Verdict.TRIGGERED, Verdict.QUIET)
    assert evaluated.monitor_version == monitor.version + 1
    assert evaluated.content_hash == ("h" if good else None)
    kinds = [type(event).__name__ for event in following]
    told = {None: [], "exceeded": [ThresholdExceeded.__name__], "cleared": [ThresholdCleared.__name__]}[crossing]
    assert kinds == told + (["MetricCollected"] if good and isinstance(value, float) else [])
