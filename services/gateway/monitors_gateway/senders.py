"""Remembers who sends measurements: counted in memory, written down every few seconds, so that no request waits for it."""

from dataclasses import replace
from datetime import UTC, datetime

from monitors_contracts.base import Id
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Runtime

from .ingest.incoming import Refusals
from .store import senders as store
from .store.senders import Sent

EVERY_SECONDS = 3


class Senders:
    """One a process. What a crash loses is a few seconds of counts; the samples themselves are durable."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: dict[tuple[Id, Id, str], Sent] = {}
        self.periodic = Periodic("senders of measurements", self.write, EVERY_SECONDS)

    def note(self, organization_id: Id, sender_id: Id, way: str, accepted: int, refusals: Refusals) -> None:
        """Somebody sent samples this way."""
        key = (organization_id, sender_id, way)
        before = self._waiting.get(key)
        reason = max(refusals.counts, key=refusals.counts.__getitem__, default=None)
        told = str(reason) if reason else None
        now = Sent(*key, datetime.now(UTC), accepted, refusals.total, told)
        self._waiting[key] = now if before is None else _together(before, now)

    async def write(self) -> None:
        """Write down what waits. Raises one of DATABASE_AWAY, and keeps it then."""
        sent, self._waiting = self._waiting, {}
        if not sent:
            return
        try:
            await store.save(self._runtime.pool, list(sent.values()))
        except BaseException:
            for key, each in sent.items():
                later = self._waiting.get(key)
                self._waiting[key] = _together(each, later) if later else each
            raise


def _together(before: Sent, now: Sent) -> Sent:
    return replace(
        now,
        accepted=before.accepted + now.accepted,
        refused=before.refused + now.refused,
        last_refusal=now.last_refusal or before.last_refusal,
    )
