from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copy
from typing import Any

import asyncpg
from hypothesis import given
from hypothesis import strategies as st

import monitors_alerter
from monitors_alerter.domain import timeline
from monitors_contracts.alerts import AlertAcknowledged, AlertResolved, AlertState, AlertStep, AlertTriggered, AlertView
from monitors_contracts.base import new_id
from monitors_runtime.migrations import migrate

BEGIN = datetime(2026, 11, 21, 12, tzinfo=UTC)
MIGRATIONS = Path(monitors_alerter.__file__).parent / "migrations"


def alert(**parts: Any) -> AlertView:
    known = {
        "id": new_id(),
        "organization_id": new_id(),
        "fingerprint": "a",
        "state": AlertState.FIRING,
        "name": "Kettle",
        "summary": "Kettle: 45",
        "condition": "price < 50",
        "value": 45.0,
        "unit": "USD",
        "started_at": BEGIN,
    }
    return AlertView.model_validate(known | parts)


def test_step_when_a_reading_did_it_then_says_what_was_read():
    again = alert(occurrences=2, version=2, value=44.0)
    event = AlertTriggered(
        organization_id=again.organization_id,
        alert_id=again.id,
        alert=again,
        reason="crossed-again",
        occurred_at=BEGIN + timedelta(minutes=3),
    )
    step = timeline.step(event)
    assert (step.kind, step.at, step.value, step.unit) == ("crossed-again", BEGIN + timedelta(minutes=3), 44.0, "USD")


def test_step_when_the_event_is_from_before_it_said_when_then_its_alert_tells():
    user, later = new_id(), BEGIN + timedelta(hours=1)
    taken = alert(state=AlertState.ACKNOWLEDGED, acknowledged_at=later, acknowledged_by=user, note="on it", version=2)
    whose: Any = {"organization_id": taken.organization_id, "alert_id": taken.id}
    step = timeline.step(AlertAcknowledged(**whose, alert=taken, reason="by-hand"))
    assert (step.kind, step.at, step.user_id, step.note) == ("acknowledged", later, user, "on it")
    ended = alert(state=AlertState.RESOLVED, resolved_at=later + timedelta(hours=1), version=3)
    step = timeline.step(AlertResolved(**whose, alert=ended, reason="condition-cleared"))
    assert (step.kind, step.at, step.user_id, step.value) == ("resolved", later + timedelta(hours=1), None, None)


@given(st.permutations(range(1, 13)), st.integers(0, 3))
def test_ordered_when_all_happened_at_one_moment_then_follows_the_versions_and_comments_come_last(
    versions: list[int], comments: int
):
    steps = [AlertStep(key=str(version), kind="opened", at=BEGIN) for version in versions]
    said = [AlertStep(key=str(new_id()), kind="commented", at=BEGIN) for _ in range(comments)]
    found = [step.key for step in timeline.ordered([*said, *steps])]
    assert found == [*map(str, range(1, 13)), *(step.key for step in said)]


async def test_migration_when_there_are_alerts_from_before_then_their_timelines_begin(
    empty_database: str, tmp_path: Path
):
    for name in ("0001_alerts.sql", "0002_last_exceeded.sql"):
        copy(MIGRATIONS / name, tmp_path / name)
    await migrate(empty_database, "alerter", tmp_path)
    user, ended = new_id(), BEGIN + timedelta(hours=2)
    before = alert(
        state=AlertState.RESOLVED,
        severity="critical",
        acknowledged_at=BEGIN + timedelta(hours=1),
        acknowledged_by=user,
        resolved_at=ended,
        note="on it",
        version=3,
    )
    db = await asyncpg.connect(empty_database)
    await db.execute(
        "INSERT INTO alerter.alerts (id, organization_id, fingerprint, state, version, started_at, resolved_at, document)"
        " VALUES ($1, $2, 'a', 'resolved', 3, $3, $4, $5)",
        before.id,
        before.organization_id,
        BEGIN,
        ended,
        before.model_dump_json(),
    )
    await migrate(empty_database, "alerter", MIGRATIONS)
    rows = await db.fetch("SELECT document::text FROM alerter.timeline WHERE alert_id = $1 ORDER BY at", before.id)
    steps = [AlertStep.model_validate_json(row["document"]) for row in rows]
    assert [(step.key, step.kind, step.user_id, step.note) for step in steps] == [
        ("1", "opened", None, None),
        ("2", "acknowledged", user, "on it"),
        ("3", "resolved", None, None),
    ]
    assert steps[2].at == ended
    assert await db.fetchval("SELECT severity FROM alerter.alerts WHERE id = $1", before.id) == "critical"
    await db.close()
