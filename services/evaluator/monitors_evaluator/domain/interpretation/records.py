"""Interpretations as flat records, one JSON line each: what `monitors interpret` prints and benchmarks read."""

from monitors_contracts.base import Json
from monitors_contracts.monitors import Interpretation


def to_record(identifier: str, interpretation: Interpretation) -> Json:
    """A flat record of an interpretation; `kind` is `state` or `change`, `op` one of le, ge, eq, ne, contains or null."""
    condition = interpretation.condition
    return {
        "id": identifier,
        "kind": interpretation.kind,
        "fact": interpretation.fact,
        "subject": interpretation.subject,
        "factType": interpretation.fact_type,
        "op": condition.op.value if condition else None,
        "value": condition.value if condition else None,
        "unit": condition.unit if condition else None,
        "url": interpretation.url,
        "name": interpretation.name,
        "confidence": interpretation.confidence,
    }
