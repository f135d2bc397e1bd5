"""What an uptime check expects, and what its outcome is as samples."""

import json
from struct import pack
from typing import Any

from monitors_contracts.base import Id
from monitors_contracts.measuring import Columns
from monitors_contracts.metrics import MetricDescription
from monitors_contracts.series import series_key
from monitors_contracts.uptime import (
    CHECK_LABEL,
    DURATION,
    HTTP_STATUS,
    SUCCESS,
    TLS_EXPIRY,
    UptimeOutcome,
    UptimeSpec,
)

_DESCRIBED = {
    SUCCESS: MetricDescription(type="gauge", help="Whether the check found what it expects"),
    DURATION: MetricDescription(type="gauge", unit="seconds", help="How long the check took"),
    HTTP_STATUS: MetricDescription(type="gauge", help="The HTTP status of the answer"),
    TLS_EXPIRY: MetricDescription(type="gauge", unit="seconds", help="When the certificate expires, Unix time"),
}


class Unexpected(Exception):
    """The answer is not as expected; the message is for a person."""


def expect_answer(spec: UptimeSpec, status: int, body: bytes) -> None:
    """Raises Unexpected when an HTTP answer is not as the check says."""
    if status != spec.status if spec.status else not 200 <= status <= 299:
        raise Unexpected(f"It answers with status {status}, not {spec.status or '200 to 299'}.")
    if spec.body is not None and spec.body not in body.decode("utf-8", "replace"):
        raise Unexpected("The expected text is not in the answer.")
    if spec.expected_json is not None:
        try:
            found = value_at(json.loads(body), spec.expected_json.pointer)
        except (ValueError, RecursionError):
            raise Unexpected("The answer is no JSON.") from None
        except LookupError:
            raise Unexpected(f"There is nothing at {spec.expected_json.pointer} in the answer.") from None
        if found != spec.expected_json.value:
            raise Unexpected(f"At {spec.expected_json.pointer} stands another value than the expected one.")


def expect_addresses(spec: UptimeSpec, found: list[str]) -> None:
    """Raises Unexpected when a name does not lead where the check says."""
    if missing := [each for each in spec.addresses if each not in found]:
        raise Unexpected(f"The name does not lead to {', '.join(missing)}.")


def value_at(document: Any, pointer: str) -> Any:
    """What stands at a JSON pointer. Source: RFC 6901. Raises LookupError."""
    if pointer in ("", "/"):
        return document if pointer == "" else document[""]
    for part in pointer.removeprefix("/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            if not key.isdecimal():
                raise LookupError(key)
            document = document[int(key)]
        elif isinstance(document, dict):
            document = document[key]
        else:
            raise LookupError(key)
    return document


def samples(check_id: Id, spec: UptimeSpec, outcome: UptimeOutcome) -> Columns:
    """An outcome as it is measured, at its time."""
    labels = {**spec.labels, "check": spec.name, CHECK_LABEL: str(check_id)}
    values = {SUCCESS: float(outcome.is_up), DURATION: outcome.seconds}
    if outcome.status is not None:
        values[HTTP_STATUS] = float(outcome.status)
    if outcome.tls_expires_at is not None:
        values[TLS_EXPIRY] = outcome.tls_expires_at.timestamp()
    at = round(outcome.at.timestamp() * 1000)
    return Columns(
        series=[series_key(name, labels) for name in values],
        counts=[1] * len(values),
        times=pack(f"<{len(values)}q", *[at] * len(values)),
        values=pack(f"<{len(values)}d", *values.values()),
        metrics={name: _DESCRIBED[name] for name in values},
    )
