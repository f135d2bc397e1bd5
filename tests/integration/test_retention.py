"""What is past the retention goes; what is open or younger stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.base import id_floor, id_time, new_id
from monitors_operator.bootstrap import SERVICES, build
from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_id_floor_parts_what_is_older_from_what_is_not(moment: datetime) -> None:
    floor = id_floor(moment)
    assert floor.version == 7
    assert timedelta() <= moment - id_time(floor) < timedelta(milliseconds=1.001)
    assert id_floor(moment - timedelta(milliseconds=2)) < floor


def test_id_floor_is_below_an_id_made_later() -> None:
    assert id_floor(datetime.now(UTC)) <= new_id()


@pytest.mark.integration
async def test_expiry_when_alerts_are_old_then_only_resolved_ones_go(house: Any) -> None:
    alerter = house.service("alerter")
    pool = alerter.runtime.pool
    organization = new_id()
    old, young = id_floor(NOW - timedelta(days=400)), id_floor(NOW - timedelta(days=30))
    open_and_old = id_floor(NOW - timedelta(days=401))
    for identifier, state in ((old, "resolved"), (young, "resolved"), (open_and_old, "firing")):
        await pool.execute(
            "INSERT INTO alerter.alerts (id, organization_id, fingerprint, state, version, started_at, document)"
            " VALUES ($1, $2, $3, $4, 1, now(), '{}')",
            identifier,
            organization,
            str(identifier),
            state,
        )
        await pool.execute(
            "INSERT INTO alerter.timeline VALUES ($1, $2, '1', now(), '{}')",
            organization,
            identifier,
        )
    runtime = Runtime(RuntimeSettings())
    build(runtime, [name for name in SERVICES if name == "alerter"])
    runtime.pool = pool
    await runtime.expire_now(NOW)
    rows = await pool.fetch("SELECT id FROM alerter.alerts WHERE organization_id = $1", organization)
    assert {row["id"] for row in rows} == {young, open_and_old}
    steps = await pool.fetch("SELECT alert_id FROM alerter.timeline WHERE organization_id = $1", organization)
    assert {row["alert_id"] for row in steps} == {young, open_and_old}, "a timeline lives as long as its alert"
